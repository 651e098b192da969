package dev.waybill.bench;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.BiConsumer;

/** What Waybill tells of a message, so that others tell the same. */
final class CloudEvents {
  private CloudEvents() {}

  /** The attributes of an order, by names that begin with what the broker's binding says. */
  static Map<String, String> of(Order order, String prefix) {
    String id = UUID.randomUUID().toString();
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put(prefix + "specversion", "1.0");
    attributes.put(prefix + "id", id);
    attributes.put(prefix + "source", "waybill");
    attributes.put(prefix + "type", "bench.order.v1");
    attributes.put(prefix + "time", Instant.now().truncatedTo(ChronoUnit.MILLIS).toString());
    attributes.put(prefix + "waybillkind", "command");
    attributes.put(prefix + "partitionkey", order.customer());
    attributes.put(prefix + "correlationid", id);
    return attributes;
  }

  /** The same, for a broker whose headers are bytes. */
  static void each(Order order, String prefix, BiConsumer<String, byte[]> header) {
    of(order, prefix)
        .forEach((name, value) -> header.accept(name, value.getBytes(StandardCharsets.UTF_8)));
  }
}
