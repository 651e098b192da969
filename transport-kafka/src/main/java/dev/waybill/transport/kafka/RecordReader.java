package dev.waybill.transport.kafka;

import dev.waybill.transport.WireMessage;
import dev.waybill.transport.support.AttributeMap;
import dev.waybill.transport.support.AttributeNames;
import dev.waybill.transport.support.RepeatedText;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * Reads a record as a message. Of nine headers that our messages have, seven say what the last
 * record said, or what the key or the id says, and need no text of their own.
 */
final class RecordReader {
  private static final String DATA_CONTENT_TYPE = "datacontenttype";
  private static final String ID = "id";
  private static final RepeatedText CONTENT_TYPES = new RepeatedText();
  private static final byte[] EMPTY = {};

  private final ConsumerRecord<byte[], byte[]> record;
  private final @Nullable String key;
  private byte @Nullable [] idBytes;
  private String id = "";

  RecordReader(ConsumerRecord<byte[], byte[]> record) {
    this.record = record;
    this.key = record.key() == null ? null : KafkaMapping.text(record.key());
  }

  WireMessage read() {
    String contentType = null;
    String alsoContentType = null;
    Map<String, String> attributes = new AttributeMap();
    Map<String, String> headers = Map.of();
    int place = 0;
    for (Header header : record.headers()) {
      AttributeNames.Header name = KafkaMapping.ATTRIBUTES.read(header.key(), place);
      place++;
      String attribute = name.attribute();
      if (attribute == null && name.name().equalsIgnoreCase(KafkaMapping.CONTENT_TYPE)) {
        contentType = text(header.value(), CONTENT_TYPES);
      } else if (attribute == null) {
        headers = headers.isEmpty() ? new LinkedHashMap<>() : headers;
        headers.put(name.name(), KafkaMapping.text(header.value()));
      } else if (attribute.equals(DATA_CONTENT_TYPE)) {
        alsoContentType = text(header.value(), CONTENT_TYPES);
      } else {
        attributes.put(attribute, text(name, header.value()));
      }
    }
    return WireMessage.owning(
        record.value() == null ? EMPTY : record.value(),
        contentType == null ? alsoContentType : contentType,
        attributes,
        headers,
        key,
        null);
  }

  private String text(AttributeNames.Header name, byte @Nullable [] value) {
    RepeatedText repeated = name.repeated();
    if (repeated != null || value == null) {
      return text(value, repeated);
    }
    if (key != null && Arrays.equals(value, record.key())) {
      return key;
    }
    if (Arrays.equals(value, idBytes)) {
      return id;
    }
    String text = KafkaMapping.text(value);
    if (ID.equals(name.attribute())) {
      idBytes = value;
      id = text;
    }
    return text;
  }

  private static String text(byte @Nullable [] value, @Nullable RepeatedText repeated) {
    return value == null || repeated == null
        ? KafkaMapping.text(value)
        : repeated.of(value, KafkaMapping::text);
  }
}
