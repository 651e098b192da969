package dev.waybill.transport.kafka;

import dev.waybill.routing.Channel;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.transport.WireMessage;
import dev.waybill.transport.support.AttributeNames;
import dev.waybill.transport.support.Utf8;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
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

  static final AttributeNames ATTRIBUTES = new AttributeNames("ce_");

  static final String CONTENT_TYPE = "content-type";
  static final String KEY = "partitionkey";

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
        .forEach((name, value) -> headers.add(ATTRIBUTES.header(name), bytes(value)));
    if (!message.headers().isEmpty()) {
      message.headers().forEach((name, value) -> headers.add(name, bytes(value)));
    }
    return record;
  }

  static WireMessage toMessage(ConsumerRecord<byte[], byte[]> record) {
    return RecordReader.read(record);
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

  /** The bytes that {@link #text} has made a text of. */
  private static byte[] bytes(String text) {
    byte[] binary = text.startsWith(BINARY) ? binary(text.substring(BINARY.length())) : null;
    return binary == null ? text.getBytes(StandardCharsets.UTF_8) : binary;
  }

  /** What is not UTF-8; null for all else, which was not made a text of by base 64, or not so. */
  private static byte @Nullable [] binary(String encoded) {
    try {
      byte[] bytes = Base64.getDecoder().decode(encoded);
      boolean isOurs = Base64.getEncoder().encodeToString(bytes).equals(encoded);
      return isOurs && Utf8.decode(bytes) == null ? bytes : null;
    } catch (IllegalArgumentException e) { // a text that only begins so
      return null;
    }
  }

  static String text(byte @Nullable [] bytes) {
    if (bytes == null) {
      return "";
    }
    String text = Utf8.decode(bytes);
    return text == null ? BINARY + Base64.getEncoder().encodeToString(bytes) : text;
  }
}
