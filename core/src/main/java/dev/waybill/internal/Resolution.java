package dev.waybill.internal;

import dev.waybill.AttemptResult.Handling;
import dev.waybill.Outcome;
import dev.waybill.transport.Sender.Addressed;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What was decided over a message, and the failure that led to it, if any.
 *
 * @param first what is to be done before the message is settled; never fails
 * @param messages what is stored together with the settlement
 * @param otherwise what is decided if that can't be stored; null if the message is settled without
 *     it then
 * @param handling for interceptors; null if it is as the work says
 */
record Resolution(
    Outcome outcome,
    @Nullable Throwable failure,
    Supplier<CompletableFuture<@Nullable Void>> first,
    List<Addressed> messages,
    @Nullable Function<Throwable, Resolution> otherwise,
    @Nullable Handling handling) {
  private static final CompletableFuture<@Nullable Void> DONE =
      CompletableFuture.completedFuture(null);

  static final Resolution ACKNOWLEDGED = new Resolution(Outcome.acknowledged(), null);

  static final Resolution HANDLED_BEFORE =
      new Resolution(Outcome.acknowledged(), null, Handling.HANDLED_BEFORE);

  Resolution(Outcome outcome, @Nullable Throwable failure) {
    this(outcome, failure, null);
  }

  private Resolution(Outcome outcome, @Nullable Throwable failure, @Nullable Handling handling) {
    this(outcome, failure, () -> DONE, List.of(), null, handling);
  }

  /** Comes again, as the same attempt where the broker does not count deliveries. */
  static Resolution postponed(Duration after, @Nullable Throwable failure) {
    return new Resolution(Outcome.retryAfter(after), failure, Handling.POSTPONED);
  }

  static Resolution of(Outcome outcome) {
    return outcome instanceof Outcome.Acknowledged ? ACKNOWLEDGED : new Resolution(outcome, null);
  }

  /** Whether it holds only if it is stored, so that nobody is to be told of it before. */
  boolean isDecidedBySettlement() {
    return otherwise != null;
  }

  /** The same, with something to be done before. */
  Resolution after(Supplier<CompletableFuture<@Nullable Void>> first) {
    return new Resolution(outcome, failure, first, messages, otherwise, handling);
  }

  /** The same, with messages that are stored together with the settlement. */
  Resolution together(
      List<Addressed> messages, @Nullable Function<Throwable, Resolution> otherwise) {
    return new Resolution(outcome, failure, first, messages, otherwise, handling);
  }
}
