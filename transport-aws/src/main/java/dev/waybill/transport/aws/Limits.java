package dev.waybill.transport.aws;

import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What SQS and SNS can do, and how much of it; sources are the API references of AWS. */
final class Limits {
  /**
   * A message with its attributes, to queues and topics alike: SNS takes 256 KiB (more only from
   * topics set up for it), and a queue made before August 2025 does, too, though SQS now takes 1
   * MiB. The smaller limit holds for both, so that a route may change from a queue to a topic.
   */
  static final int MAX_MESSAGE_BYTES = 262_144;

  /** A larger sum of headers would leave less than half of a message to the body. */
  static final int MAX_HEADER_BYTES = 16_384;

  static final int MAX_HEADERS = 1_000;

  /** SQS hands out no more from one queue until some are deleted. */
  static final int MAX_IN_FLIGHT = 120_000;

  /** What headers of that size may take as JSON, if up to half of their characters are escaped. */
  private static final int RESERVED_FOR_ATTRIBUTES = 49_152;

  /** Any body up to here fits, also one that goes in Base64, which makes four bytes of three. */
  static final int MAX_BODY_BYTES = (MAX_MESSAGE_BYTES - RESERVED_FOR_ATTRIBUTES) / 4 * 3;

  /** The longest that SQS keeps a message; its default is four days. */
  static final Duration RETENTION = Duration.ofDays(14);

  /** The longest DelaySeconds of a message in a standard queue. */
  static final Duration MAX_DELAY = Duration.ofMinutes(15);

  /** How often a message may be received at most: the most that a redrive policy takes. */
  static final int MAX_RECEIVES = 1_000;

  /** Connections of a bus; each receiver's poll holds one, and calls need some beside. */
  static final int MAX_CONNECTIONS = 1_024;

  /** What is to pass between making a queue and using it (CreateQueue, AWS's API reference). */
  static final Duration UNUSABLE_AT_FIRST = Duration.ofSeconds(1);

  /** The longest time that a message may be hidden from its receipt on, in all. */
  static final Duration MAX_VISIBILITY = Duration.ofHours(12);

  /** How long a delivery is held open for a wait, so that what follows is well before that time. */
  static final Duration LONGEST_OPEN = Duration.ofHours(11);

  static final String NO_DELAY_ON_FIFO =
      "SQS does not delay single messages of a FIFO queue, and this channel is keyed; send later,"
          + " or use a route without a key.";

  private Limits() {}

  /** Whether a delay is longer than SQS serves at once. */
  static boolean isLongDelay(@Nullable Duration delay) {
    return delay != null && delay.compareTo(MAX_DELAY) > 0;
  }

  /** The delay as SQS takes it, at most the longest it has; never less than it but for that. */
  static int delaySeconds(Duration delay) {
    return isLongDelay(delay) ? Durations.wholeSeconds(MAX_DELAY) : Durations.wholeSeconds(delay);
  }

  static Capabilities capabilities(boolean keyed, Duration lease) {
    Capabilities.Builder builder =
        Capabilities.builder()
            .maxBodyBytes(MAX_BODY_BYTES)
            .maxHeaders(MAX_HEADERS)
            .maxHeaderBytes(MAX_HEADER_BYTES)
            .maxUnsettled(MAX_IN_FLIGHT)
            .leaseDuration(lease)
            .longestOpen(LONGEST_OPEN)
            .longestRedelivery(RETENTION)
            .natively(
                Feature.PUBLISH_SUBSCRIBE,
                "an SNS topic, and an SQS queue for each subscription with raw delivery")
            .natively(
                Feature.ATTEMPTS,
                "ApproximateReceiveCount of SQS; it counts every receipt, also of a message that"
                    + " was given back unhandled")
            .emulatedUpTo(
                Feature.RETRY_AFTER,
                LONGEST_OPEN,
                "the library waits with the delivery open; SQS hides a message for 12 hours from"
                    + " its receipt at most")
            .emulated(Feature.EXPIRY, "the library looks before handling")
            .emulated(
                Feature.DEAD_LETTER,
                "sent to the dead-letter queue with the evidence, then deleted; SQS has no reject")
            .refused(
                Feature.CANCEL,
                "SQS can not take back a message that has not been received; let the handler ask whether it is still wanted")
            .emulated(
                Feature.REQUEST_REPLY,
                "an SQS queue for each instance, made at its start and deleted at its close; a"
                    + " process that dies leaves it behind")
            .refused(
                Feature.ATOMIC_SEND,
                "SQS and SNS store each message for itself, also those of a batch; send them"
                    + " one by one, each is confirmed")
            .refused(
                Feature.ATOMIC_SETTLEMENT,
                "SQS and SNS do not store messages and delete another one together or not at all; give"
                    + " the consumer a store with .idempotent(…)")
            .natively(
                Feature.MANDATORY,
                "a queue that does not exist is an error; a topic takes messages also without a"
                    + " subscription, and SNS has no sign of it")
            .natively(Feature.CREATE_TOPOLOGY, "CreateQueue, CreateTopic, Subscribe")
            .natively(
                Feature.VERIFY_TOPOLOGY,
                "GetQueueUrl, GetQueueAttributes, GetTopicAttributes, ListSubscriptionsByTopic");
    return keyed ? ordered(builder) : unordered(builder);
  }

  private static Capabilities ordered(Capabilities.Builder builder) {
    return builder
        .natively(
            Feature.ORDER_PER_KEY,
            "FIFO queue and topic; the message group is the key. A second message with the same id"
                + " within five minutes is dropped by SQS")
        .refused(Feature.DELAY, NO_DELAY_ON_FIFO)
        .natively(Feature.AT_MOST_ONCE, "deleted from the FIFO queue before the handler begins")
        .build();
  }

  private static Capabilities unordered(Capabilities.Builder builder) {
    return builder
        .refused(
            Feature.ORDER_PER_KEY,
            "a standard queue keeps no order; give every route of the channel a key, so that it is"
                + " a FIFO queue")
        .refused(
            Feature.AT_MOST_ONCE,
            "a standard queue may deliver a message again after it was deleted; give every route of"
                + " the channel a key, or use at-least-once")
        .emulated(
            Feature.DELAY,
            "DelaySeconds of SQS, rounded up to seconds, natively up to 15 minutes to queues; longer,"
                + " and from topics, whoever receives it puts it back into its queue until it is due")
        .build();
  }
}
