package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import dev.waybill.transport.WireMessage;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads a message's attributes and headers from AMQP properties. */
final class MessageReader {
  private static final String CONTENT_TYPE = "datacontenttype";

  private MessageReader() {}

  static WireMessage read(BasicProperties properties, byte[] body) {
    Map<String, String> attributes = new LinkedHashMap<>();
    Map<String, String> headers = new LinkedHashMap<>();
    own(properties).forEach((name, value) -> sort(name, value, attributes, headers));
    String contentType = properties.getContentType();
    String declared = attributes.remove(CONTENT_TYPE);
    return new WireMessage(
        body,
        contentType != null ? contentType : declared,
        attributes,
        headers,
        attributes.get(HeaderNames.KEY),
        null);
  }

  static Map<String, Object> headers(BasicProperties properties) {
    @Nullable Map<String, Object> headers = properties.getHeaders();
    return headers == null ? Map.of() : headers;
  }

  /** The headers that belong to the message, rather than to one send, delivery or wait of it. */
  static Map<String, Object> own(BasicProperties properties) {
    Map<String, Object> own = new LinkedHashMap<>(DelayTraces.removed(headers(properties)));
    own.keySet().removeAll(HeaderNames.PER_DELIVERY);
    return own;
  }

  private static void sort(
      String name, Object value, Map<String, String> attributes, Map<String, String> headers) {
    String attribute = HeaderNames.attribute(name);
    if (attribute == null) {
      headers.put(name, HeaderValues.text(value));
    } else if (name.startsWith(HeaderNames.ATTRIBUTE)) {
      attributes.put(attribute, HeaderValues.text(value));
    } else {
      // a table has no order: our own spelling counts where a message has two
      attributes.putIfAbsent(attribute, HeaderValues.text(value));
    }
  }
}
