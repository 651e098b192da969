package dev.waybill.transport.rabbitmq;

import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;

/** What RabbitMQ does natively, what is emulated, what is refused. */
final class RabbitCapabilities {
  /** The default {@code max_message_size} from RabbitMQ 4.0 on; before it was 128 MiB. */
  static final int MAX_BODY_BYTES = 16 * 1024 * 1024;

  /**
   * Names and values of all headers have to fit one frame of 131072 bytes (the default {@code
   * frame_max}), with some bytes around each; about 20 KiB are left for the evidence of a dead
   * letter.
   */
  static final int MAX_HEADER_BYTES = 96 * 1024;

  static final int MAX_HEADERS = 1_000;

  /** The most that a quorum queue gives a consumer unsettled (documentation, "Quorum queues"). */
  private static final int QUORUM_PREFETCH = 2_000;

  /** A prefetch travels as an unsigned short (AMQP 0-9-1, {@code basic.qos}). */
  private static final int CLASSIC_PREFETCH = 65_535;

  private RabbitCapabilities() {}

  /** Of queues of one type, with keys or without. */
  static Capabilities of(boolean quorum, boolean keyed, DelaySettings delays) {
    Capabilities.Builder builder =
        Capabilities.builder()
            .natively(
                Feature.PUBLISH_SUBSCRIBE, "a fanout exchange and a durable queue per subscription")
            .natively(Feature.ORDER_PER_KEY, "a single active consumer on queues that are keyed")
            .emulatedUpTo(
                Feature.DELAY,
                delays.longest(),
                "the message expires in one queue after another, of 1 s, 2 s, 4 s and so on, and"
                    + " the broker moves it on; takes the topology mode CREATE, or delays(true)")
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
                "RabbitMQ can not take a single message out of a queue; let the handler ask whether"
                    + " it is still wanted")
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
                "RabbitMQ does not store messages and acknowledge another one together or not at"
                    + " all; give the consumer a store with .idempotent(…)")
            .natively(Feature.MANDATORY, "basic.return of mandatory messages to queues")
            .natively(Feature.CREATE_TOPOLOGY, "idempotent declarations and bindings")
            .natively(
                Feature.VERIFY_TOPOLOGY,
                "passive declarations; bindings can't be seen by AMQP and are not verified");
    retryAfter(builder, delays, keyed);
    attempts(builder, quorum, keyed);
    return builder
        .maxBodyBytes(MAX_BODY_BYTES)
        .maxHeaders(MAX_HEADERS)
        .maxHeaderBytes(MAX_HEADER_BYTES)
        .longestOpen(delays.longestOpen())
        .maxUnsettled(quorum ? QUORUM_PREFETCH : CLASSIC_PREFETCH)
        .build();
  }

  private static void retryAfter(
      Capabilities.Builder builder, DelaySettings delays, boolean keyed) {
    if (keyed) {
      builder.emulatedUpTo(
          Feature.RETRY_AFTER,
          delays.longestOpen(),
          "the delivery stays open while it waits, for its key has to wait, too; the broker's"
              + " consumer_timeout, 30 minutes by default, bounds it");
    } else {
      builder.emulatedUpTo(
          Feature.RETRY_AFTER,
          delays.longest(),
          "the delivery stays open for up to 25 minutes, a message that waits longer is stored"
              + " anew as a delayed one");
    }
  }

  private static void attempts(Capabilities.Builder builder, boolean quorum, boolean keyed) {
    if (quorum) {
      builder.natively(
          Feature.ATTEMPTS,
          "x-delivery-count of quorum queues; it also counts deliveries that were given back at a"
              + " stop, from RabbitMQ 4.3 on only those of keyed channels");
    } else {
      builder.emulated(
          Feature.ATTEMPTS,
          keyed
              ? "classic queues do not count; within one process"
              : "classic queues do not count; within one process, and in a header of what is given"
                  + " back");
    }
  }
}
