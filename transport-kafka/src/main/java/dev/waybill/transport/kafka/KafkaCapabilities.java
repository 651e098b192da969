package dev.waybill.transport.kafka;

import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;

/** What Kafka does natively, what is emulated, what is refused; and how large a message may be. */
final class KafkaCapabilities {
  /** Attributes and headers together; the key, which is also an attribute, again as record key. */
  private static final int HEADER_BYTES = 32 * 1024;

  private static final int MAX_HEADERS = 1000;

  /** Kafka's framing of a record batch and of {@link #MAX_HEADERS} headers with their prefix. */
  private static final int FRAMING_BYTES = 16 * 1024;

  private static final int HEADROOM_BYTES = 2 * HEADER_BYTES + FRAMING_BYTES;

  /** Room for the evidence of a dead letter beside a message of the largest size. */
  private static final int EVIDENCE_BYTES = 128 * 1024;

  /** A smaller maximum request would leave no room for a body. */
  static final int MIN_REQUEST_BYTES = 2 * HEADROOM_BYTES;

  private KafkaCapabilities() {}

  /** How large a dead letter may be: larger than any message, so that each can become one. */
  static int maxDeadLetterBytes(KafkaSettings settings) {
    return Math.addExact(settings.maxRequestBytes(), EVIDENCE_BYTES);
  }

  static Capabilities of(KafkaSettings settings) {
    return Capabilities.builder()
        .natively(Feature.PUBLISH_SUBSCRIBE, "one consumer group per subscription")
        .natively(
            Feature.ORDER_PER_KEY,
            "one partition per key, chosen by Kafka's own partitioner; adding partitions to a topic"
                + " moves keys")
        .natively(
            Feature.ATTEMPTS,
            "failed ones are carried in the commit's metadata; one that is cut off does not count")
        .natively(
            Feature.RETRY_AFTER,
            "the offset stays open, its due time is carried in the commit's metadata")
        .refused(
            Feature.DELAY,
            "Kafka has no delayed delivery: send the message when it is due, or use RabbitMQ or"
                + " Amazon SQS")
        .emulated(Feature.EXPIRY, "looked at before handling")
        .emulated(
            Feature.DEAD_LETTER,
            "published to the source's dead-letter topic, confirmed, then the offset is completed")
        .refused(
            Feature.AT_MOST_ONCE,
            "an acceptance reaches Kafka with the next commit only, up to 100 ms later; use"
                + " at-least-once and make the handler idempotent by the message id")
        .refused(
            Feature.CANCEL,
            "a record in a Kafka topic can not be taken back; let the handler ask whether it is still wanted")
        .emulated(
            Feature.REQUEST_REPLY,
            "the instances of a requester share a topic, 'replies.<requester>', of which each reads"
                + " everything and takes its own")
        .refused(
            Feature.ATOMIC_SEND,
            "this version does not use Kafka's transactions: send the messages one by one, each is"
                + " confirmed")
        .refused(
            Feature.MANDATORY,
            "Kafka has no bindings and keeps a message whether or not anyone receives it; a topic"
                + " that does not exist is an error for its sender")
        .natively(Feature.CREATE_TOPOLOGY, "createTopics, alterConsumerGroupOffsets")
        .natively(Feature.VERIFY_TOPOLOGY, "describeTopics, listConsumerGroupOffsets")
        .maxBodyBytes(settings.maxRequestBytes() - HEADROOM_BYTES)
        .maxHeaders(MAX_HEADERS)
        .maxHeaderBytes(HEADER_BYTES)
        .build();
  }
}
