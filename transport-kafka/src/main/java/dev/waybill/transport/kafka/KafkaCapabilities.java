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

  /** How large a record may be that still has room for its evidence in a dead letter. */
  static int maxReceivedBytes(KafkaSettings settings) {
    return Math.addExact(settings.maxRequestBytes(), EVIDENCE_BYTES / 2);
  }

  /** Of sources that are read with consumer groups, and of all sending. */
  static Capabilities of(KafkaSettings settings) {
    return common(settings)
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
            Feature.DEAD_LETTER,
            "published to the source's dead-letter topic, confirmed, then the offset is completed")
        .refused(
            Feature.AT_MOST_ONCE,
            "an acceptance reaches Kafka with the next commit only, up to 100 ms later; use"
                + " at-least-once and make the handler idempotent by the message id")
        .natively(
            Feature.ATOMIC_SETTLEMENT,
            "a transaction of the messages, the dead letters and the offsets of many deliveries")
        .natively(Feature.CREATE_TOPOLOGY, "createTopics, alterConsumerGroupOffsets")
        .natively(
            Feature.VERIFY_TOPOLOGY, "describeTopics, describeConfigs, listConsumerGroupOffsets")
        .build();
  }

  /** Of sources that are read with share groups. */
  static Capabilities ofShareGroups(KafkaSettings settings) {
    return common(settings)
        .natively(Feature.PUBLISH_SUBSCRIBE, "one share group per subscription")
        .refused(
            Feature.ORDER_PER_KEY,
            "a share group hands messages out one by one and repeats them out of order: leave out"
                + " shareGroup(…) for it, so that it is read with a consumer group")
        .natively(
            Feature.ATTEMPTS,
            "by the broker: every receipt by the share group counts, also of what is given back"
                + " unhandled; near the group's delivery limit a message is dead-lettered")
        .emulated(Feature.RETRY_AFTER, "the library waits, and renews the lock")
        .emulated(
            Feature.DEAD_LETTER,
            "published to the source's dead-letter topic, confirmed, then acknowledged")
        .refused(
            Feature.ATOMIC_SETTLEMENT,
            "what a share group acknowledges can't join a transaction: leave out shareGroup(…) for it,"
                + " so that it is read with a consumer group")
        .natively(Feature.AT_MOST_ONCE, "acknowledged to the share group before it is handled")
        .natively(
            Feature.CREATE_TOPOLOGY,
            "createTopics, incrementalAlterConfigs of the group, alterShareGroupOffsets")
        .natively(
            Feature.VERIFY_TOPOLOGY,
            "describeTopics, describeConfigs, also of the group, listShareGroupOffsets")
        .leaseDuration(settings.recordLock())
        .build();
  }

  private static Capabilities.Builder common(KafkaSettings settings) {
    return Capabilities.builder()
        .emulated(
            Feature.DELAY,
            "waits in a topic of its own, '<channel>.delayed', and is moved when it is due by those"
                + " who receive from the channel; of any length")
        .emulated(Feature.EXPIRY, "looked at before handling")
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
        .refused(
            Feature.MANDATORY,
            "Kafka has no bindings and keeps a message whether or not anyone receives it; a topic"
                + " that does not exist is an error for its sender")
        .maxBodyBytes(settings.maxRequestBytes() - HEADROOM_BYTES)
        .maxHeaders(MAX_HEADERS)
        .maxHeaderBytes(HEADER_BYTES);
  }
}
