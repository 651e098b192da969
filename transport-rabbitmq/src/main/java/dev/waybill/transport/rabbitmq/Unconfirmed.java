package dev.waybill.transport.rabbitmq;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What a channel's messages to each routing key have been told lately: nothing though some wait for
 * an answer, or only that they are refused. The others on the channel may be confirmed all the
 * while. Thread-safe.
 */
final class Unconfirmed {
  private final Map<String, Wait> waits = new ConcurrentHashMap<>();

  /**
   * Of one routing key. Changed in the map's calls for it alone, which are one after another; made
   * anew for each message it would be the dearest thing that is kept of one.
   */
  @SuppressWarnings("NonAtomicVolatileUpdate")
  private static final class Wait {
    /** When the latest answer came, or the first message that waits was written. */
    private volatile long since;

    private volatile int pending;

    /**
     * When the first of the refusals came that no confirm has come after; null if the latest answer
     * was no refusal.
     */
    private volatile @Nullable Long refusedSince;

    boolean isSilent(long before) {
      return pending > 0 && before - since > 0;
    }

    Wait written() {
      if (pending == 0) {
        since = System.nanoTime();
      }
      pending++;
      return this;
    }

    @Nullable Wait confirmed() {
      if (pending <= 1) {
        return null;
      }
      since = System.nanoTime();
      refusedSince = null;
      pending--;
      return this;
    }

    @Nullable Wait forgotten() {
      pending = Math.max(pending - 1, 0);
      return pending == 0 && refusedSince == null ? null : this;
    }

    Wait refused() {
      since = System.nanoTime();
      refusedSince = refusedSince == null ? (Long) since : refusedSince;
      pending = Math.max(pending - 1, 0);
      return this;
    }
  }

  void written(String routingKey) {
    waits.compute(routingKey, (key, known) -> (known == null ? new Wait() : known).written());
  }

  /** Whatever still waits for the same has reason to hope. */
  void confirmed(String routingKey) {
    waits.computeIfPresent(routingKey, (key, wait) -> wait.confirmed());
  }

  /** An answer, too, and no sign that the next one will be taken. */
  void refused(String routingKey) {
    waits.computeIfPresent(routingKey, (key, wait) -> wait.refused());
  }

  /** No answer is waited for any more, which is none. */
  void forgotten(String routingKey) {
    waits.computeIfPresent(routingKey, (key, wait) -> wait.forgotten());
  }

  /** Whether some message to this routing key waits for its answer. */
  boolean awaits(String routingKey) {
    Wait wait = waits.get(routingKey);
    return wait != null && wait.pending > 0;
  }

  /** Whether messages to this routing key have waited for so long, and got no answer. */
  boolean isSilentFor(Duration time, String routingKey) {
    Wait wait = waits.get(routingKey);
    return wait != null && wait.isSilent(System.nanoTime() - time.toNanos());
  }

  /** Whether messages to some routing key have waited for so long, and got no answer. */
  boolean isSilentFor(Duration time) {
    long before = System.nanoTime() - time.toNanos();
    return waits.values().stream().anyMatch(wait -> wait.isSilent(before));
  }

  /** Whether messages to some routing key have been refused for so long, and none confirmed. */
  boolean isRefusedFor(Duration time) {
    long now = System.nanoTime();
    return waits.values().stream()
        .map(wait -> wait.refusedSince)
        .anyMatch(first -> first != null && now - first > time.toNanos());
  }
}
