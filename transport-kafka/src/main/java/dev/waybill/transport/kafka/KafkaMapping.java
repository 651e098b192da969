package dev.waybill.transport.kafka;

import dev.waybill.routing.Channel;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.transport.WireMessage;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/**
 * Messages as Kafka records, and back: CloudEvents 1.0 in the binary mode of its Kafka binding.
 * Headers are written exactly; they are read tolerant of the case of {@code ce_} and {@code
 * content-type}.
 */
final class KafkaMapping {
  /** Before the base 64 of what is not UTF-8. */
  static final String BINARY = "base64:";

  private static final String CONTENT_TYPE = "content-type";
  private static final String DATA_CONTENT_TYPE = "datacontenttype";
  private static final String KEY = "partitionkey";
  private static final byte[] EMPTY = {};

  private KafkaMapping() {}

  /** A message to any channel. */
  static ProducerRecord<byte[], byte[]> toRecord(Channel channel, WireMessage message) {
    String topic = KafkaNames.topic(channel);
    return channel instanceof ReplyQueue replies
        ? toReply(topic, replies, message)
        : toRecord(topic, message);
  }

  /** An empty body becomes an empty value, not a null one, which would be a tombstone. */
  static ProducerRecord<byte[], byte[]> toRecord(String topic, WireMessage message) {
    return toRecord(topic, message.key(), message);
  }

  /** For a topic of replies: the instance that asked is the key. */
  static ProducerRecord<byte[], byte[]> toReply(
      String topic, ReplyQueue replies, WireMessage message) {
    return toRecord(topic, replies.instance(), message);
  }

  private static ProducerRecord<byte[], byte[]> toRecord(
      String topic, @Nullable String key, WireMessage message) {
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(topic, key == null ? null : bytes(key), message.body());
    Headers headers = record.headers();
    String contentType = message.contentType();
    if (contentType != null) {
      headers.add(CONTENT_TYPE, bytes(contentType));
    }
    message
        .attributes()
        .forEach((name, value) -> headers.add(AttributeNames.header(name), bytes(value)));
    message.headers().forEach((name, value) -> headers.add(name, bytes(value)));
    return record;
  }

  static WireMessage toMessage(ConsumerRecord<byte[], byte[]> record) {
    String contentType = null;
    Map<String, String> attributes = new LinkedHashMap<>();
    Map<String, String> headers = Map.of();
    for (Header header : record.headers()) {
      String text = text(header.value());
      String attribute = AttributeNames.attribute(header.key());
      if (attribute != null) {
        attributes.put(attribute, text);
      } else if (header.key().equalsIgnoreCase(CONTENT_TYPE)) {
        contentType = text;
      } else {
        headers = headers.isEmpty() ? new LinkedHashMap<>() : headers;
        headers.put(header.key(), text);
      }
    }
    String alsoContentType = attributes.remove(DATA_CONTENT_TYPE);
    return WireMessage.owning(
        record.value() == null ? EMPTY : record.value(),
        contentType == null ? alsoContentType : contentType,
        attributes,
        headers,
        record.key() == null ? null : text(record.key()),
        null);
  }

  /** A reply, whose record key is not the message's. */
  static WireMessage fromReply(ConsumerRecord<byte[], byte[]> record) {
    WireMessage read = toMessage(record);
    return new WireMessage(
        read.body(),
        read.contentType(),
        read.attributes(),
        read.headers(),
        read.attributes().get(KEY),
        null);
  }

  /** Whether a record of a topic of replies is for this instance. */
  static boolean isFor(ReplyQueue replies, ConsumerRecord<byte[], byte[]> record) {
    return Arrays.equals(record.key(), bytes(replies.instance()));
  }

  /** The record as it was received, raw, with {@code evidence} beside its headers. */
  static ProducerRecord<byte[], byte[]> toDeadLetter(
      String topic, ConsumerRecord<byte[], byte[]> record, Map<String, String> evidence) {
    ProducerRecord<byte[], byte[]> letter =
        new ProducerRecord<>(topic, record.key(), record.value());
    record.headers().forEach(letter.headers()::add);
    // those of an earlier dead letter, which was replayed
    evidence.keySet().forEach(letter.headers()::remove);
    evidence.forEach((name, value) -> letter.headers().add(name, bytes(value)));
    return letter;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte @Nullable [] bytes) {
    if (bytes == null) {
      return "";
    }
    if (isAscii(bytes)) {
      return new String(bytes, StandardCharsets.ISO_8859_1);
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      return BINARY + Base64.getEncoder().encodeToString(bytes);
    }
  }

  /** Nearly all are, and need no decoder. */
  private static boolean isAscii(byte[] bytes) {
    for (byte one : bytes) {
      if (one < 0) {
        return false;
      }
    }
    return true;
  }
}
