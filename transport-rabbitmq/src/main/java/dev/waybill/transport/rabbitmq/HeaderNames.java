package dev.waybill.transport.rabbitmq;

import dev.waybill.transport.support.AttributeNames;
import java.util.Set;

/** Header names with a meaning of their own. */
final class HeaderNames {
  /**
   * Written before CloudEvents attributes; Knative's convention, for AMQP 0-9-1 has no official
   * one.
   */
  static final String ATTRIBUTE = "ce-";

  /** Redeliveries of a quorum queue, written by the broker on each. */
  static final String DELIVERY_COUNT = "x-delivery-count";

  /**
   * The number of a send, on messages that could be taken for another that awaits its answer too.
   */
  static final String SEND = "waybill-send";

  /** How many attempts were made at a message before it was stored anew for its next one. */
  static final String ATTEMPTS = "waybill-attempts-made";

  /** Notes about one send or delivery; they are no part of the message. */
  static final Set<String> PER_DELIVERY =
      Set.of(DELIVERY_COUNT, "x-acquired-count", SEND, ATTEMPTS);

  /**
   * Before what can't be kept in a dead letter under its own name, because the broker acts on it.
   */
  static final String ORIGINAL = "waybill-original-";

  /** {@code partitionkey}, the ordering key. */
  static final String KEY = "partitionkey";

  /** How CloudEvents attributes are written, and how else others write them. */
  static final AttributeNames ATTRIBUTES =
      new AttributeNames(ATTRIBUTE, "ce_", "cloudevents:", "cloudevents_");

  private HeaderNames() {}

  /** Whether the broker routes copies by this header: a sender-selected destination. */
  static boolean routes(String name) {
    return name.equalsIgnoreCase("CC") || name.equalsIgnoreCase("BCC");
  }

  /** Whether the header is the broker's, so that nobody else may write it. */
  static boolean reserved(String name) {
    return routes(name) || name.regionMatches(true, 0, "x-", 0, 2);
  }
}
