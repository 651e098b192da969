package dev.waybill.transport.kafka;

import dev.waybill.transport.WireMessage;
import dev.waybill.transport.support.AttributeMap;
import dev.waybill.transport.support.AttributeNames;
import dev.waybill.transport.support.RepeatedText;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * Reads a record as a message, when it is handed over: its headers are at hand then, and one that
 * is not read would keep the whole fetch in memory. Most say what the last record said, and need no
 * text of their own; of the others a text is made when somebody asks for it.
 */
final class RecordReader {
  private static final String DATA_CONTENT_TYPE = "datacontenttype";
  private static final RepeatedText CONTENT_TYPES = new RepeatedText();
  private static final byte[] EMPTY = {};

  private RecordReader() {}

  static WireMessage read(ConsumerRecord<byte[], byte[]> record) {
    String contentType = null;
    String alsoContentType = null;
    AttributeMap attributes = new AttributeMap((name, bytes) -> KafkaMapping.text(bytes));
    Map<String, String> headers = Map.of();
    Header[] all = record.headers().toArray();
    for (int place = 0; place < all.length; place++) {
      AttributeNames.Header name = KafkaMapping.ATTRIBUTES.read(all[place].key(), place);
      byte @Nullable [] value = all[place].value();
      String attribute = name.attribute();
      if (attribute == null && isContentType(name.name())) {
        contentType = text(value, CONTENT_TYPES);
      } else if (attribute == null) {
        headers = headers.isEmpty() ? new LinkedHashMap<>() : headers;
        headers.put(name.name(), KafkaMapping.text(value));
      } else if (attribute.equals(DATA_CONTENT_TYPE)) {
        alsoContentType = text(value, CONTENT_TYPES);
      } else if (value == null || name.repeated() != null) {
        attributes.put(attribute, text(value, name.repeated()));
      } else {
        attributes.putUnread(attribute, value);
      }
    }
    return WireMessage.owning(
        record.value() == null ? EMPTY : record.value(),
        contentType == null ? alsoContentType : contentType,
        attributes,
        headers,
        record.key() == null ? null : KafkaMapping.text(record.key()),
        null);
  }

  private static boolean isContentType(String name) {
    return name.equals(KafkaMapping.CONTENT_TYPE) // as nearly all write it; costs less
        || name.equalsIgnoreCase(KafkaMapping.CONTENT_TYPE);
  }

  private static String text(byte @Nullable [] value, @Nullable RepeatedText repeated) {
    return value == null || repeated == null
        ? KafkaMapping.text(value)
        : repeated.of(value, KafkaMapping::text);
  }
}
