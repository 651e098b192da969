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
   * Handled as often as it takes, with an effect as if it had been once. By one of two means:
   *
   * <ul>
   *   <li>The transport's own (in-memory and Kafka, {@code
   *       Capabilities.Feature.ATOMIC_SETTLEMENT}): what the handler sends and replies through its
   *       context is stored together with the settlement of the handled message or not at all, also
   *       with its becoming a dead letter. What the handler does elsewhere (a database, a send
   *       through the bus) is outside.
   *   <li>A store of handled messages ({@code ConsumerSpec.idempotent}), on every transport: what
   *       has been handled is not handled again. With a {@link TransactionalMessageStore} the
   *       handler's own writes and what it sends are in the same transaction.
   * </ul>
   *
   * <p>Refused at start where there is neither.
   */
  EXACTLY_ONCE
}
