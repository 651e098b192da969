package dev.waybill.transport.inmemory;

import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import java.time.Duration;

/**
 * What {@code waybill-transport-rabbitmq} declares with quorum queues; its own test holds the two
 * against each other.
 */
final class RabbitLike {
  private static final Duration LONGEST_OPEN = Duration.ofMinutes(25);
  private static final Duration LONGEST_DELAY = Duration.ofDays(1461);
  private static final int MAX_BODY_BYTES = 16 * 1024 * 1024;
  private static final int MAX_HEADER_BYTES = 96 * 1024;
  private static final int MAX_HEADERS = 1_000;
  private static final int QUORUM_PREFETCH = 2_000;

  private RabbitLike() {}

  static Capabilities.Builder capabilities(boolean keyed) {
    return retryAfter(keyed)
        .natively(
            Feature.PUBLISH_SUBSCRIBE, "a fanout exchange and a durable queue per subscription")
        .natively(Feature.ORDER_PER_KEY, "a single active consumer on queues that are keyed")
        .emulatedUpTo(
            Feature.DELAY,
            LONGEST_DELAY,
            "the message expires in one queue after another, of 1 s, 2 s, 4 s and so on, and the"
                + " broker moves it on; takes the topology mode CREATE, or delays(true)")
        .emulated(Feature.EXPIRY, "looked at before handling")
        .emulated(
            Feature.DEAD_LETTER, "published to the dead-letter queue with a publisher confirm")
        .refused(
            Feature.AT_MOST_ONCE,
            "RabbitMQ does not confirm acknowledgements, so that one that is lost with the"
                + " connection brings the message again; use at-least-once and make the handler"
                + " idempotent by the message id")
        .refused(
            Feature.CANCEL,
            "RabbitMQ can not take a single message out of a queue; let the handler ask whether it is still wanted")
        .natively(
            Feature.REQUEST_REPLY,
            "a durable classic queue per instance, removed at close, and by the broker after 10"
                + " minutes without a consumer")
        .refused(
            Feature.ATOMIC_SEND,
            "RabbitMQ does not store several messages together or not at all; send one message,"
                + " or make the receiver idempotent")
        .refused(
            Feature.ATOMIC_SETTLEMENT,
            "RabbitMQ does not store messages and acknowledge another one together or not at all; give"
                + " the consumer a store with .idempotent(…)")
        .natively(Feature.MANDATORY, "basic.return of mandatory messages to queues")
        .natively(Feature.CREATE_TOPOLOGY, "idempotent declarations and bindings")
        .natively(
            Feature.VERIFY_TOPOLOGY,
            "passive declarations; bindings can't be seen by AMQP and are not verified")
        .natively(
            Feature.ATTEMPTS,
            "x-delivery-count of quorum queues; it also counts deliveries that were given back at a"
                + " stop, from RabbitMQ 4.3 on only those of keyed channels")
        .maxBodyBytes(MAX_BODY_BYTES)
        .maxHeaders(MAX_HEADERS)
        .maxHeaderBytes(MAX_HEADER_BYTES)
        .longestOpen(LONGEST_OPEN)
        .maxUnsettled(QUORUM_PREFETCH);
  }

  private static Capabilities.Builder retryAfter(boolean keyed) {
    return keyed
        ? Capabilities.builder()
            .emulatedUpTo(
                Feature.RETRY_AFTER,
                LONGEST_OPEN,
                "the delivery stays open while it waits, for its key has to wait, too; the"
                    + " broker's consumer_timeout, 30 minutes by default, bounds it")
        : Capabilities.builder()
            .emulatedUpTo(
                Feature.RETRY_AFTER,
                LONGEST_DELAY,
                "the delivery stays open for up to 25 minutes, a message that waits longer is"
                    + " stored anew as a delayed one");
  }
}
