package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.LongString;
import dev.waybill.transport.WireMessage;
import dev.waybill.transport.support.AttributeMap;
import dev.waybill.transport.support.AttributeNames;
import dev.waybill.transport.support.RepeatedText;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a message's attributes and headers from AMQP properties. Of an attribute that each message
 * has another of a text is made when somebody asks for it.
 */
final class MessageReader {
  private static final String CONTENT_TYPE = "datacontenttype";

  private final AttributeMap attributes =
      new AttributeMap((name, bytes) -> HeaderValues.bytes(bytes));
  private Map<String, String> headers = Map.of();
  private @Nullable String contentType;
  private int place;

  private MessageReader() {}

  static WireMessage read(BasicProperties properties, byte[] body) {
    Map<String, Object> table = DelayTraces.removed(headers(properties));
    MessageReader reader = new MessageReader();
    table.forEach(reader::take);
    String contentType = properties.getContentType();
    return WireMessage.owning(
        body,
        contentType != null ? contentType : reader.contentType,
        reader.attributes,
        reader.headers,
        reader.attributes.get(HeaderNames.KEY),
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

  private void take(String name, Object value) {
    AttributeNames.Header header = HeaderNames.ATTRIBUTES.read(name, place);
    place++;
    String attribute = header.attribute();
    // a table has no order: our own spelling counts where a message has two
    boolean isOurSpelling = name.startsWith(HeaderNames.ATTRIBUTE);
    if (attribute == null) {
      if (!HeaderNames.PER_DELIVERY.contains(name)) {
        headers = headers.isEmpty() ? new LinkedHashMap<>() : headers;
        headers.put(name, HeaderValues.text(value));
      }
    } else if (attribute.equals(CONTENT_TYPE)) {
      contentType = isOurSpelling || contentType == null ? text(header, value) : contentType;
    } else if (isOurSpelling || !attributes.containsKey(attribute)) {
      put(attribute, header, value);
    }
  }

  private void put(String attribute, AttributeNames.Header header, Object value) {
    if (header.repeated() == null && value instanceof LongString string) {
      attributes.putUnread(attribute, string.getBytes());
    } else {
      attributes.put(attribute, text(header, value));
    }
  }

  private static String text(AttributeNames.Header header, Object value) {
    RepeatedText repeated = header.repeated();
    return repeated != null && value instanceof LongString string
        ? repeated.of(string.getBytes(), HeaderValues::bytes)
        : HeaderValues.text(value);
  }
}
