package dev.waybill.testkit;

import dev.waybill.Envelope;
import dev.waybill.HandlerContext;
import dev.waybill.Interceptor;
import dev.waybill.Outcome;
import dev.waybill.routing.Channel;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What has happened on a test bus, in order. Thread-safe. */
final class History implements Interceptor {
  private enum What {
    SENT("sent"),
    RETRIED("begun again"),
    HANDLED("handled"),
    FAILED("failed");

    private final String word;

    What(String word) {
      this.word = word;
    }
  }

  private record Entry(Instant time, What what, Envelope<?> envelope, String where) {
    @Override
    public String toString() {
      return "%s %-11s %s %s, id %s"
          .formatted(time, what.word, envelope.payload(), where, envelope.metadata().id());
    }
  }

  private final Clock clock;
  private final LetterBox letters;
  private final List<Entry> entries = new ArrayList<>();

  History(Clock clock, LetterBox letters) {
    this.clock = clock;
    this.letters = letters;
  }

  @Override
  public Envelope<?> outgoing(Envelope<?> envelope, Channel channel) {
    add(What.SENT, envelope, "to the " + channel);
    return envelope;
  }

  @Override
  public CompletionStage<Outcome> incoming(Envelope<?> envelope, HandlerContext context, Next next)
      throws Exception {
    String where = "from the %s, attempt %d".formatted(context.source(), context.attempt());
    if (context.attempt() > 1) {
      add(What.RETRIED, envelope, where);
    }
    try {
      return next.proceed()
          .whenComplete((outcome, failure) -> ended(envelope, where, outcome, failure));
    } catch (Throwable e) { // an assertion, too
      ended(envelope, where, null, e);
      throw e;
    }
  }

  private void ended(
      Envelope<?> envelope, String where, @Nullable Outcome outcome, @Nullable Throwable failure) {
    if (failure != null) {
      Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
      add(What.FAILED, envelope, where + ": " + cause);
    } else if (outcome instanceof Outcome.Acknowledged) {
      add(What.HANDLED, envelope, where);
    } else {
      add(What.FAILED, envelope, where + ": " + outcome);
    }
  }

  private synchronized void add(What what, Envelope<?> envelope, String where) {
    entries.add(new Entry(clock.instant(), what, envelope, where));
  }

  <T> List<T> sent(Class<T> type) {
    return payloads(What.SENT, type);
  }

  <T> List<T> handled(Class<T> type) {
    return payloads(What.HANDLED, type);
  }

  <T> List<T> retried(Class<T> type) {
    return payloads(What.RETRIED, type);
  }

  private synchronized <T> List<T> payloads(What what, Class<T> type) {
    return entries.stream()
        .filter(entry -> entry.what() == what)
        .map(entry -> entry.envelope().payload())
        .filter(type::isInstance)
        .map(type::cast)
        .toList();
  }

  @Override
  public synchronized String toString() {
    List<String> lines = new ArrayList<>();
    entries.forEach(entry -> lines.add(entry.toString()));
    lines.addAll(letters.evidence());
    return lines.isEmpty() ? "nothing has happened" : String.join("\n", lines);
  }
}
