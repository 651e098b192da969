package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.LongString;
import dev.waybill.transport.support.Utf8;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** AMQP field values as text: what {@link dev.waybill.transport.WireMessage} holds. */
final class HeaderValues {
  private HeaderValues() {}

  static String text(@Nullable Object value) {
    if (value == null) {
      return "";
    }
    if (value instanceof LongString string) {
      return bytes(string.getBytes());
    }
    if (value instanceof byte[] bytes) {
      return bytes(bytes);
    }
    if (value instanceof Date date) {
      return date.toInstant().toString();
    }
    if (value instanceof List<?> list) {
      return list.stream().map(HeaderValues::text).collect(Collectors.joining(", ", "[", "]"));
    }
    if (value instanceof Map<?, ?> table) {
      Map<String, String> sorted = new TreeMap<>();
      table.forEach((name, entry) -> sorted.put(String.valueOf(name), text(entry)));
      return sorted.toString();
    }
    return value.toString();
  }

  /** UTF-8 as text; what is not UTF-8 as Base64. */
  static String bytes(byte[] bytes) {
    String text = Utf8.decode(bytes);
    return text == null ? Base64.getEncoder().encodeToString(bytes) : text;
  }
}
