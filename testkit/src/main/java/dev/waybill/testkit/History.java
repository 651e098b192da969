package dev.waybill.testkit;

import dev.waybill.Envelope;
import dev.waybill.HandlerContext;
import dev.waybill.Interceptor;
import dev.waybill.Outcome;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Route;
import dev.waybill.routing.Routes;
import dev.waybill.serialization.JacksonCodec;
import dev.waybill.transport.WireMessage;
import dev.waybill.transport.inmemory.InMemoryBroker;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
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

  private static final JacksonCodec CODEC = JacksonCodec.upTo(Integer.MAX_VALUE - 8);

  private final Clock clock;
  private final InMemoryBroker broker;
  private final Routes routes;
  private final List<Entry> entries = new ArrayList<>();

  History(Clock clock, InMemoryBroker broker, Routes routes) {
    this.clock = clock;
    this.broker = broker;
    this.routes = routes;
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

  /** The dead letters that can be read as this class. */
  <T> List<T> deadLettered(Class<T> type) {
    List<T> found = new ArrayList<>();
    for (Letter letter : letters()) {
      Object payload = letter.payload();
      if (letter.type() == type && payload != null) {
        found.add(type.cast(payload));
      }
    }
    return found;
  }

  /** The dead letters that can't be read, a line of evidence each. */
  List<String> undecodable() {
    return letters().stream()
        .filter(letter -> letter.payload() == null)
        .map(Letter::evidence)
        .toList();
  }

  /**
   * A dead letter.
   *
   * @param type the class that its type name stands for, or null if it has none
   * @param payload null if it can't be read
   */
  private record Letter(@Nullable Class<?> type, @Nullable Object payload, String evidence) {}

  private List<Letter> letters() {
    return deadLetters().stream().map(this::letter).toList();
  }

  private Letter letter(WireMessage message) {
    String name = message.attributes().get("type");
    String evidence =
        "dead letter %s, id %s: %s"
            .formatted(
                name,
                message.id(),
                Objects.requireNonNullElse(
                    message.headers().get("waybill-dead-letter-reason"), "no reason"));
    Class<?> type =
        name == null ? null : routes.named(name).<Class<?>>map(Route::payloadType).orElse(null);
    if (type == null) {
      return new Letter(null, null, evidence + "; of no type of the routes");
    }
    try {
      return new Letter(type, CODEC.decode(message.body(), type), evidence);
    } catch (MessagingException e) {
      return new Letter(
          type,
          null,
          evidence + "; can't be read as " + type.getSimpleName() + ": " + e.getMessage());
    }
  }

  private List<WireMessage> deadLetters() {
    return broker.sources().stream()
        .filter(source -> source.endsWith(".dlq"))
        .flatMap(source -> broker.messages(source).stream())
        .toList();
  }

  @Override
  public synchronized String toString() {
    List<String> lines = new ArrayList<>();
    entries.forEach(entry -> lines.add(entry.toString()));
    letters().forEach(letter -> lines.add(letter.evidence()));
    return lines.isEmpty() ? "nothing has happened" : String.join("\n", lines);
  }
}
