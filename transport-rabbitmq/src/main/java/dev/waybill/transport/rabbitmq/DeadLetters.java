package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A message as received, made fit for a dead-letter queue, with the evidence beside it. */
final class DeadLetters {
  private static final int PERSISTENT = 2;

  /**
   * In chars, of what is left of a header's name that is too long; no char has more bytes than 3.
   */
  private static final int LONGEST_NAME = 64;

  private DeadLetters() {}

  /**
   * The properties of the dead letter. Header values keep their native types. What the broker would
   * act on goes under another name: {@code CC} and {@code BCC} would send copies, {@code
   * expiration} would remove the dead letter, a foreign {@code user_id} would be refused. So does
   * what is no UTF-8 and has become too long for where it was, for the client reads three bytes in
   * place of each that it can't.
   */
  static BasicProperties of(BasicProperties received, Map<String, String> evidence) {
    Map<String, Object> table = new LinkedHashMap<>();
    MessageReader.own(received)
        .forEach(
            (name, value) -> {
              if (HeaderNames.routes(name)) {
                table.put(HeaderNames.ORIGINAL + name, value);
              } else if (MessageWriter.isShort(name)) {
                table.put(name, value);
              } else {
                table.put(HeaderNames.ORIGINAL + name.substring(0, LONGEST_NAME), value);
              }
            });
    putIfPresent(table, "expiration", received.getExpiration());
    putIfPresent(table, "user-id", received.getUserId());
    BasicProperties.Builder copy = received.builder();
    keepIfLong(received.getContentType(), "content-type", table, () -> copy.contentType(null));
    keepIfLong(
        received.getContentEncoding(), "content-encoding", table, () -> copy.contentEncoding(null));
    keepIfLong(
        received.getCorrelationId(), "correlation-id", table, () -> copy.correlationId(null));
    keepIfLong(received.getReplyTo(), "reply-to", table, () -> copy.replyTo(null));
    keepIfLong(received.getMessageId(), "message-id", table, () -> copy.messageId(null));
    keepIfLong(received.getType(), "type", table, () -> copy.type(null));
    keepIfLong(received.getAppId(), "app-id", table, () -> copy.appId(null));
    keepIfLong(received.getClusterId(), "cluster-id", table, () -> copy.clusterId(null));
    table.putAll(evidence);
    return copy.headers(table).expiration(null).userId(null).deliveryMode(PERSISTENT).build();
  }

  /** Keeps a property that is too long for its place in another one. */
  private static void keepIfLong(
      @Nullable String value, String property, Map<String, Object> table, Runnable leaveOut) {
    if (value != null && !MessageWriter.isShort(value)) {
      table.put(HeaderNames.ORIGINAL + property, value);
      leaveOut.run();
    }
  }

  private static void putIfPresent(
      Map<String, Object> table, String property, @Nullable Object value) {
    if (value != null) {
      table.put(HeaderNames.ORIGINAL + property, value);
    }
  }
}
