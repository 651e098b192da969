package dev.waybill.delivery;

/** How often a consumer's handler may take effect for one message. */
public enum DeliveryGuarantee {
  /**
   * The message is settled before the handler runs: never handled twice, lost if the handler fails
   * or the process dies. There are no retries and no dead letter for a failed handler; the failure
   * is logged. Refused at start where an acceptance is not final, or not with the broker when the
   * handler begins (Kafka, RabbitMQ, SQS standard queues); see {@code
   * Capabilities.Feature.AT_MOST_ONCE}.
   */
  AT_MOST_ONCE,
  /**
   * The message is settled after the handler has succeeded: never lost, handled again after a crash
   * between the two. The default.
   */
  AT_LEAST_ONCE,
  /**
   * Handled as often as it takes; what the handler sends and replies through its context is stored
   * once. It is stored together with the settlement of the handled message or not at all, also with
   * its becoming a dead letter. What the handler does elsewhere (a database, a send through the
   * bus) is outside. In-memory and Kafka; refused at start elsewhere, see {@code
   * Capabilities.Feature.ATOMIC_SETTLEMENT}.
   */
  EXACTLY_ONCE
}
