package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A message as received, made fit for a dead-letter queue, with the evidence beside it. */
final class DeadLetters {
  private static final int PERSISTENT = 2;

  private DeadLetters() {}

  /**
   * The properties of the dead letter. Header values keep their native types. What the broker would
   * act on goes under another name: {@code CC} and {@code BCC} would send copies, {@code
   * expiration} would remove the dead letter, a foreign {@code user_id} would be refused.
   */
  static BasicProperties of(BasicProperties received, Map<String, String> evidence) {
    Map<String, Object> table = new LinkedHashMap<>();
    MessageReader.own(received)
        .forEach(
            (name, value) -> {
              if (HeaderNames.routes(name)) {
                table.put(HeaderNames.ORIGINAL + name, value);
              } else {
                table.put(name, value);
              }
            });
    putIfPresent(table, "expiration", received.getExpiration());
    putIfPresent(table, "user-id", received.getUserId());
    table.putAll(evidence);
    return received
        .builder()
        .headers(table)
        .expiration(null)
        .userId(null)
        .deliveryMode(PERSISTENT)
        .build();
  }

  private static void putIfPresent(
      Map<String, Object> table, String property, @Nullable Object value) {
    if (value != null) {
      table.put(HeaderNames.ORIGINAL + property, value);
    }
  }
}
