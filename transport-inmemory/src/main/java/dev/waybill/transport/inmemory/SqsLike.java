package dev.waybill.transport.inmemory;

import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import java.time.Duration;

/** What {@code waybill-transport-aws} declares; its own test holds the two against each other. */
final class SqsLike {
  private static final Duration LONGEST_OPEN = Duration.ofHours(11);

  private static final int MAX_BODY_BYTES = 159_744;
  private static final int MAX_HEADER_BYTES = 16_384;
  private static final int MAX_HEADERS = 1_000;
  private static final int MAX_IN_FLIGHT = 120_000;
  private static final Duration LEASE = Duration.ofSeconds(30);

  private static final String NO_DELAY_ON_FIFO =
      "SQS does not delay single messages of a FIFO queue, and this channel is keyed; send later,"
          + " or use a route without a key.";

  private SqsLike() {}

  static Capabilities.Builder capabilities(boolean keyed) {
    Capabilities.Builder builder =
        Capabilities.builder()
            .maxBodyBytes(MAX_BODY_BYTES)
            .maxHeaders(MAX_HEADERS)
            .maxHeaderBytes(MAX_HEADER_BYTES)
            .maxUnsettled(MAX_IN_FLIGHT)
            .leaseDuration(LEASE)
            .longestOpen(LONGEST_OPEN)
            .longestRedelivery(Duration.ofDays(14))
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

  private static Capabilities.Builder ordered(Capabilities.Builder builder) {
    return builder
        .natively(
            Feature.ORDER_PER_KEY,
            "FIFO queue and topic; the message group is the key. A second message with the same id"
                + " within five minutes is dropped by SQS")
        .refused(Feature.DELAY, NO_DELAY_ON_FIFO)
        .natively(Feature.AT_MOST_ONCE, "deleted from the FIFO queue before the handler begins");
  }

  private static Capabilities.Builder unordered(Capabilities.Builder builder) {
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
                + " and from topics, whoever receives it puts it back into its queue until it is due");
  }
}
