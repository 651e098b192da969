package dev.waybill.transport;

import dev.waybill.routing.Channel;
import java.time.Duration;
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
   * @param channel a channel of the topology that the connection was prepared with
   * @param message within the limits of the transport's {@link Capabilities}; the library has
   *     checked them
   * @param deadline how long the answer may take, positive. The library fails the caller's future
   *     at the deadline by itself; a transport uses it to give up its own resources.
   * @return completes with the broker's name for the message (Kafka {@code topic-partition@offset},
   *     SQS/SNS message id, RabbitMQ {@code exchange/routing key}) after the broker's confirmation;
   *     fails with a {@link dev.waybill.error.SendException}. Completes on a transport's thread;
   *     dependents must not block.
   */
  CompletableFuture<String> send(Channel channel, WireMessage message, Duration deadline);

  /**
   * Blocks until everything sent before has an answer, at most {@code deadline}; then returns
   * whether all have one. New sends may go on meanwhile.
   */
  boolean flush(Duration deadline);
}
