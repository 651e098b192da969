package dev.waybill.transport.rabbitmq;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What a channel's messages to each routing key have been told lately: nothing though some wait for
 * an answer, or only that they are refused. The others on the channel may be confirmed all the
 * while.
 */
final class Unconfirmed {
  private final Map<String, Wait> waits = new ConcurrentHashMap<>();

  /**
   * Of one routing key.
   *
   * @param since when the latest answer came, or the first message that waits was written
   * @param refusedSince when the first of the refusals came that no confirm has come after; null if
   *     the latest answer was no refusal
   */
  private record Wait(long since, int pending, @Nullable Long refusedSince) {}

  void written(String routingKey) {
    long now = System.nanoTime();
    waits.merge(
        routingKey,
        new Wait(now, 1, null),
        (known, made) ->
            new Wait(
                known.pending() == 0 ? now : known.since(),
                known.pending() + 1,
                known.refusedSince()));
  }

  /** Whatever still waits for the same has reason to hope. */
  void confirmed(String routingKey) {
    waits.computeIfPresent(
        routingKey,
        (key, wait) ->
            wait.pending() <= 1 ? null : new Wait(System.nanoTime(), wait.pending() - 1, null));
  }

  /** An answer, too, and no sign that the next one will be taken. */
  void refused(String routingKey) {
    long now = System.nanoTime();
    waits.computeIfPresent(
        routingKey,
        (key, wait) -> {
          Long first = wait.refusedSince();
          return new Wait(now, Math.max(wait.pending() - 1, 0), first == null ? (Long) now : first);
        });
  }

  /** Whether messages to some routing key have waited for so long, and got no answer. */
  boolean isSilentFor(Duration time) {
    long now = System.nanoTime();
    return waits.values().stream()
        .anyMatch(wait -> wait.pending() > 0 && now - wait.since() > time.toNanos());
  }

  /** Whether messages to some routing key have been refused for so long, and none confirmed. */
  boolean isRefusedFor(Duration time) {
    long now = System.nanoTime();
    return waits.values().stream()
        .map(Wait::refusedSince)
        .anyMatch(first -> first != null && now - first > time.toNanos());
  }
}
