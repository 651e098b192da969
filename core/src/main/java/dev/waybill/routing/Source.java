package dev.waybill.routing;

/**
 * What a consumer receives from: a {@link Queue}, or a {@link Subscription} of a topic; the library
 * itself from a {@link ReplyQueue}.
 */
public sealed interface Source permits Queue, Subscription, ReplyQueue {
  /**
   * The source's name: the queue's, or {@code <topic>.<subscription>}. Unique among the queues and
   * subscriptions of a bus; a start-up check sees to it.
   */
  String name();

  /** The channel that its messages come through: the queue itself, or the subscription's topic. */
  Channel channel();

  /** Whether the messages of this source keep the order per key. */
  boolean keyed();

  /**
   * The queue that takes this source's dead letters: {@code <name>.dlq}. It keeps no order, and it
   * is the only dead-letter queue of this source. A reply queue has none on the broker.
   */
  default Queue deadLetterQueue() {
    return new Queue(name() + ".dlq", false);
  }
}
