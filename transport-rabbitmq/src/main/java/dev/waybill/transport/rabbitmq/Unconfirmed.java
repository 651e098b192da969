package dev.waybill.transport.rabbitmq;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Since when a channel's messages to each routing key have gone without a confirm. A channel that
 * was opened while a quorum queue had no leader may be told nothing, or be refused everything, of
 * that queue for as long as it lives, while those to other queues are confirmed.
 */
final class Unconfirmed {
  private final Map<String, Wait> waits = new ConcurrentHashMap<>();

  private record Wait(long since, int pending) {}

  void written(String routingKey) {
    waits.merge(
        routingKey,
        new Wait(System.nanoTime(), 1),
        (known, made) -> new Wait(known.since(), known.pending() + 1));
  }

  /** Whatever still waits for the same has reason to hope. */
  void confirmed(String routingKey) {
    waits.computeIfPresent(
        routingKey,
        (key, wait) ->
            wait.pending() <= 1 ? null : new Wait(System.nanoTime(), wait.pending() - 1));
  }

  /** Not a sign of life: the wait goes on with the next message. */
  void refused(String routingKey) {
    waits.computeIfPresent(
        routingKey, (key, wait) -> new Wait(wait.since(), Math.max(wait.pending() - 1, 0)));
  }

  /** Whether some routing key has got no confirm for so long, though something was sent to it. */
  boolean lastsFor(Duration time) {
    long now = System.nanoTime();
    return waits.values().stream().anyMatch(wait -> now - wait.since() > time.toNanos());
  }
}
