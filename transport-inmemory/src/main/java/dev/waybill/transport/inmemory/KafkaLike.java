package dev.waybill.transport.inmemory;

import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;

/** What {@code waybill-transport-kafka} declares; its own test holds the two against each other. */
final class KafkaLike {
  /** A request of 1 MiB, Kafka's default, less 80 KiB for headers and framing. */
  private static final int MAX_BODY_BYTES = 966_656;

  private static final int HEADER_BYTES = 32 * 1024;
  private static final int MAX_HEADERS = 1000;

  private KafkaLike() {}

  static Capabilities.Builder capabilities() {
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
        .emulated(
            Feature.DELAY,
            "waits in a topic of its own, '<channel>.delayed', and is moved when it is due by those"
                + " who receive from the channel; of any length")
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
            "a transaction is a receiver's, with the offsets of what it has handled: send the messages"
                + " one by one, each is confirmed, or from a handler with guarantee(EXACTLY_ONCE)")
        .natively(
            Feature.ATOMIC_SETTLEMENT,
            "a transaction of the messages, the dead letters and the offsets of many deliveries")
        .refused(
            Feature.MANDATORY,
            "Kafka has no bindings and keeps a message whether or not anyone receives it; a topic"
                + " that does not exist is an error for its sender")
        .natively(Feature.CREATE_TOPOLOGY, "createTopics, alterConsumerGroupOffsets")
        .natively(
            Feature.VERIFY_TOPOLOGY, "describeTopics, describeConfigs, listConsumerGroupOffsets")
        .maxBodyBytes(MAX_BODY_BYTES)
        .maxHeaders(MAX_HEADERS)
        .maxHeaderBytes(HEADER_BYTES);
  }
}
