package dev.waybill.transport;

import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Sends messages and reports the broker's own confirmation. One per connection; called concurrently
 * from any thread.
 */
public interface Sender {
  /**
   * Sends one message. Messages with the same key, sent one after another by one thread, are stored
   * in that order.
   *
   * <p>May block the caller only for back-pressure (a full buffer), and never beyond {@code
   * deadline}. Never sends again a message whose fate is unknown.
   *
   * @param channel a channel of the topology that the connection was prepared with, or any {@link
   *     dev.waybill.routing.ReplyQueue}; one that is gone is rejected as {@code NOT_FOUND} or
   *     {@code UNROUTABLE} where the broker can tell, and confirmed where it can't
   * @param message within the limits of the transport's {@link Capabilities}; the library has
   *     checked them
   * @param deadline how long the answer may take, positive. At it a transport gives up, and says
   *     whether the message can have been stored. The library fails the caller's future by itself,
   *     as unknown, a tenth of the caller's timeout later, at most a second.
   * @return completes with the broker's name for the message (Kafka {@code topic-partition@offset},
   *     SQS/SNS message id, RabbitMQ {@code exchange/routing key}) after the broker's confirmation;
   *     fails with a {@link dev.waybill.error.SendException}. Completes on a transport's thread;
   *     dependents must not block.
   */
  CompletableFuture<String> send(Channel channel, WireMessage message, Duration deadline);

  /**
   * Sends one message to one queue or subscription alone; otherwise like {@link #send}. By default
   * to the queue that has the source's name, which suits brokers whose subscriptions are queues.
   *
   * <p>A broker whose subscriptions have no place of their own stores it for all of the topic: the
   * message says in its header {@code waybill-replay} whom it is for, and the library passes over
   * it elsewhere. What the sender of a broker would refuse among the headers of a foreign message,
   * because they are the broker's own, is left out.
   *
   * @param source a queue, dead-letter queue or subscription of the topology; no reply queue
   */
  default CompletableFuture<String> sendTo(Source source, WireMessage message, Duration deadline) {
    return send(new Queue(source.name(), source.keyed()), message, deadline);
  }

  /**
   * Stores several messages together or not at all, in their order; called only where {@link
   * Capabilities.Feature#ATOMIC_SEND} is native for the channels of all of them. Otherwise like
   * {@link #send}.
   *
   * @param messages at least one
   * @return completes with the broker's names, in the order of the messages
   */
  default CompletableFuture<List<String>> sendTogether(
      List<Addressed> messages, Duration deadline) {
    throw new UnsupportedOperationException("ATOMIC_SEND is declared native, and not implemented");
  }

  /**
   * A message and where it goes.
   *
   * @param channel as for {@link #send}
   * @param message as for {@link #send}
   */
  record Addressed(Channel channel, WireMessage message) {}

  /**
   * Takes back a message that was sent with a delay; called only where {@link
   * Capabilities.Feature#CANCEL} is native.
   *
   * @param brokerId the broker's name for it, as {@link #send} gave it
   * @return completes with whether it is taken back, and will not be delivered; false if it has
   *     been delivered, or is not there
   */
  default CompletableFuture<Boolean> cancel(Channel channel, String brokerId, Duration deadline) {
    throw new UnsupportedOperationException("CANCEL is declared native, and not implemented");
  }

  /**
   * Blocks until everything sent before has an answer, at most {@code deadline}; then returns
   * whether all have one. New sends may go on meanwhile.
   */
  boolean flush(Duration deadline);
}
