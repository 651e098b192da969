package dev.waybill.internal;

import dev.waybill.deadletter.Replay;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.transport.WireMessage;
import dev.waybill.transport.support.Timestamps;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The marks of a dead letter that is put back, and what they mean to those who receive it: it is
 * for one source, and others that get it because their broker has one place for all subscriptions
 * of a topic pass over it.
 */
final class Replays {
  /** Names the source that the message is for. */
  static final String MARK = "waybill-replay";

  /**
   * When it was put back. Makes each replay another message to a broker that drops what it has had
   * already.
   */
  private static final String TIME = "waybill-replay-time";

  private static final String EDITED = "waybill-dead-letter-edited";
  private static final String EXPIRY = "expirytime";

  private Replays() {}

  static boolean isReplay(WireMessage message) {
    return mark(message) != null;
  }

  /** Whether it is for another subscription of the same topic. */
  static boolean isForOthers(WireMessage message, Source source) {
    String mark = source instanceof Subscription ? mark(message) : null;
    return mark != null
        && !mark.equals(source.name())
        && mark.startsWith(source.channel().name() + ".");
  }

  /** Whom it is put back for; a message that is passed by reference never was, see {@link #of}. */
  private static @Nullable String mark(WireMessage message) {
    return message.reference() != null || message.headers().isEmpty()
        ? null
        : message.headers().get(MARK);
  }

  /** A dead letter as it goes back. */
  static WireMessage of(WireMessage stored, Source source, Replay how, Instant now) {
    Map<String, String> attributes = new LinkedHashMap<>(stored.attributes());
    if (how.newId()) {
      attributes.put("id", UUID.randomUUID().toString());
    }
    if (isPast(attributes.get(EXPIRY), now)) {
      attributes.remove(EXPIRY);
    }
    Map<String, String> headers = new LinkedHashMap<>(stored.headers());
    headers.keySet().removeIf(name -> name.startsWith(Evidence.OF_DEAD_LETTERS));
    headers.put(MARK, source.name());
    headers.put(TIME, now.toString());
    return new WireMessage(
        stored.body(), stored.contentType(), attributes, headers, stored.key(), null);
  }

  /** A dead letter with another body. */
  static WireMessage edited(WireMessage stored, byte[] body, Instant now) {
    return new WireMessage(
            body, stored.contentType(), stored.attributes(), stored.headers(), stored.key(), null)
        .withHeaders(Map.of(EDITED, now.toString()));
  }

  private static boolean isPast(@Nullable String time, Instant now) {
    try {
      return time != null && !Timestamps.parse(time).isAfter(now);
    } catch (DateTimeException e) {
      return false; // the receiver decides about it, as it did before
    }
  }
}
