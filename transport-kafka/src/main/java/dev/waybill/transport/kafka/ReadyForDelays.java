package dev.waybill.transport.kafka;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Sees to it that delayed messages can be stored. Thread-safe. */
@FunctionalInterface
interface ReadyForDelays {
  /**
   * Sees to it that delayed messages to a topic can be stored. Never blocks.
   *
   * @return fails with a {@link dev.waybill.error.SendException} whose message is rejected, also
   *     after {@code deadline}
   */
  CompletableFuture<Void> ready(String topic, Duration deadline);

  /** The delay topic of a topic was not there when it was sent to: the next message asks again. */
  default void forget(String topic) {}
}
