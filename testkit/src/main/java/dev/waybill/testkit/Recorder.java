package dev.waybill.testkit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Keeps what handlers have seen, in order, and lets a test wait for it. Thread-safe.
 *
 * @param <T> what is kept
 */
public final class Recorder<T> {
  private final List<T> seen = new ArrayList<>();

  /** Keeps nothing yet. */
  public Recorder() {}

  /** Keeps {@code one}. */
  public synchronized void add(T one) {
    seen.add(one);
    notifyAll();
  }

  /** What was kept so far; a copy. */
  public synchronized List<T> all() {
    return List.copyOf(seen);
  }

  /**
   * Waits for at least {@code count}.
   *
   * @return what was kept; a copy
   * @throws AssertionError if it does not come in time; it says what did
   */
  public List<T> await(int count, Duration patience) {
    return await(all -> all.size() >= count, count + " of them", patience);
  }

  /**
   * Waits until {@code enough} is true of what was kept.
   *
   * @param what is waited for, in words
   */
  public synchronized List<T> await(Predicate<List<T>> enough, String what, Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    while (!enough.test(List.copyOf(seen))) {
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        throw new AssertionError(
            "waited %s for %s, but saw %d: %s".formatted(patience, what, seen.size(), seen));
      }
      try {
        wait(left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError("interrupted while waiting for " + what, e);
      }
    }
    return List.copyOf(seen);
  }
}
