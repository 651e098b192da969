package dev.waybill.testkit;

import dev.waybill.error.MessagingException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Route;
import dev.waybill.routing.Routes;
import dev.waybill.routing.Topic;
import dev.waybill.serialization.Codec;
import dev.waybill.transport.WireMessage;
import dev.waybill.transport.inmemory.InMemoryBroker;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The dead letters of a test bus, read as that bus reads messages. Thread-safe. */
final class LetterBox {
  private static final String EVIDENCE = "waybill-dead-letter-";

  /**
   * A dead letter.
   *
   * @param payload null if it can't be read
   */
  private record Letter(@Nullable Object payload, String evidence) {}

  private final InMemoryBroker broker;
  private final Routes routes;
  private final Codec codec;

  LetterBox(InMemoryBroker broker, Routes routes, Codec codec) {
    this.broker = broker;
    this.routes = routes;
    this.codec = codec;
  }

  /** The payloads of this class. */
  <T> List<T> payloads(Class<T> type) {
    List<T> found = new ArrayList<>();
    for (Letter letter : letters()) {
      if (letter.payload() != null && type.isInstance(letter.payload())) {
        found.add(type.cast(letter.payload()));
      }
    }
    return found;
  }

  /** Those that can't be read, a line of evidence each. */
  List<String> undecodable() {
    return letters().stream()
        .filter(letter -> letter.payload() == null)
        .map(Letter::evidence)
        .toList();
  }

  /** A line of evidence for each. */
  List<String> evidence() {
    return letters().stream().map(Letter::evidence).toList();
  }

  private List<Letter> letters() {
    return broker.sources().stream()
        .filter(source -> source.endsWith(".dlq"))
        .flatMap(source -> broker.messages(source).stream())
        .map(this::letter)
        .toList();
  }

  private Letter letter(WireMessage message) {
    String name = message.attributes().get("type");
    String evidence =
        "dead letter %s, id %s: %s"
            .formatted(
                name == null ? "without a type name" : name,
                message.id(),
                Objects.requireNonNullElse(
                    message.headers().get(EVIDENCE + "reason"), "no reason"));
    Optional<Route<?>> route = name == null ? onlyRoute(message) : routes.named(name);
    if (route.isEmpty()) {
      return new Letter(null, evidence + "; of no type of the routes");
    }
    Class<?> type = route.get().payloadType();
    String unread = evidence + "; can't be read as " + type.getSimpleName() + ": ";
    if (!codec.reads(message.contentType())) {
      return new Letter(null, unread + "its content type is " + message.contentType());
    }
    try {
      return new Letter(codec.decode(message.body(), type), evidence);
    } catch (MessagingException e) {
      return new Letter(null, unread + e.getMessage());
    } catch (RuntimeException | StackOverflowError | LinkageError e) { // in a codec's own way
      return new Letter(null, unread + e);
    }
  }

  /** Of a foreign message without a type name: the route of its channel, if that has only one. */
  private Optional<Route<?>> onlyRoute(WireMessage message) {
    String name = message.headers().get(EVIDENCE + "channel");
    boolean topic = message.headers().containsKey(EVIDENCE + "subscription");
    List<Route<?>> found = new ArrayList<>();
    for (Channel channel : routes.channels()) {
      if (channel.name().equals(name) && channel instanceof Topic == topic) {
        found.addAll(routes.to(channel));
      }
    }
    return found.size() == 1 ? Optional.of(found.get(0)) : Optional.empty();
  }
}
