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

  /** A nacked message is not pending any more; it is looked at when it is nacked, or soon after. */
  private static final long SOON = Duration.ofSeconds(5).toNanos();

  private record Wait(long since, int pending, long refused) {
    Wait more() {
      return new Wait(since, pending + 1, refused);
    }

    boolean isFelt(long now) {
      return pending > 0 || now - refused < SOON;
    }
  }

  void written(String routingKey) {
    long now = System.nanoTime();
    waits.merge(routingKey, new Wait(now, 1, now - SOON), (known, made) -> known.more());
  }

  /** Whatever still waits for the same has reason to hope. */
  void confirmed(String routingKey) {
    waits.computeIfPresent(
        routingKey,
        (key, wait) ->
            wait.pending() <= 1
                ? null
                : new Wait(System.nanoTime(), wait.pending() - 1, wait.refused()));
  }

  /** Not a sign of life: the wait goes on with the next message. */
  void refused(String routingKey) {
    waits.computeIfPresent(
        routingKey,
        (key, wait) -> new Wait(wait.since(), Math.max(wait.pending() - 1, 0), System.nanoTime()));
  }

  /**
   * Whether some routing key has got no confirm for so long, though something waits for one, or was
   * refused just now.
   */
  boolean lastsFor(Duration time) {
    long now = System.nanoTime();
    return waits.values().stream()
        .anyMatch(wait -> wait.isFelt(now) && now - wait.since() > time.toNanos());
  }
}
