package dev.waybill.internal;

import dev.waybill.Outcome;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What was decided over a message, and the failure that led to it, if any.
 *
 * @param first what is to be done before the message is settled; never fails
 */
record Resolution(
    Outcome outcome,
    @Nullable Throwable failure,
    Supplier<CompletableFuture<@Nullable Void>> first) {
  private static final CompletableFuture<@Nullable Void> DONE =
      CompletableFuture.completedFuture(null);

  static final Resolution ACKNOWLEDGED = new Resolution(Outcome.acknowledged(), null);

  Resolution(Outcome outcome, @Nullable Throwable failure) {
    this(outcome, failure, () -> DONE);
  }

  static Resolution of(Outcome outcome) {
    return outcome instanceof Outcome.Acknowledged ? ACKNOWLEDGED : new Resolution(outcome, null);
  }

  /** The same, with something to be done before. */
  Resolution after(Supplier<CompletableFuture<@Nullable Void>> first) {
    return new Resolution(outcome, failure, first);
  }
}
