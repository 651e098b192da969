package dev.waybill.transport.kafka;

import dev.waybill.transport.WireMessage;
import dev.waybill.transport.support.RepeatedText;
import dev.waybill.transport.support.SmallMap;
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

  /** With more headers a map without hashing would be slow. */
  private static final int FEW = 32;

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
    Header[] all = record.headers().toArray();
    Map<String, String> attributes = all.length <= FEW ? new SmallMap() : new LinkedHashMap<>();
    Map<String, String> headers = Map.of();
    for (Header header : all) {
      String attribute = KafkaMapping.ATTRIBUTES.attribute(header.key());
      if (attribute == null && header.key().equalsIgnoreCase(KafkaMapping.CONTENT_TYPE)) {
        contentType = text(header.value(), CONTENT_TYPES);
      } else if (attribute == null) {
        headers = headers.isEmpty() ? new LinkedHashMap<>() : headers;
        headers.put(header.key(), KafkaMapping.text(header.value()));
      } else if (attribute.equals(DATA_CONTENT_TYPE)) {
        alsoContentType = text(header.value(), CONTENT_TYPES);
      } else {
        attributes.put(attribute, text(attribute, header.value()));
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

  private String text(String attribute, byte @Nullable [] value) {
    RepeatedText repeated = KafkaMapping.ATTRIBUTES.repeated(attribute);
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
    if (attribute.equals(ID)) {
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
