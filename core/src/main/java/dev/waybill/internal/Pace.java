package dev.waybill.internal;

import java.util.concurrent.TimeUnit;

/** Lets a number of steps begin in each second, evenly. */
final class Pace {
  private final long nanos;
  private long next = System.nanoTime();

  /** So many a second; 0 for no limit. */
  Pace(int perSecond) {
    this.nanos = perSecond == 0 ? 0 : TimeUnit.SECONDS.toNanos(1) / perSecond;
  }

  /** Blocks until the next may begin; false if interrupted, which the thread then still is. */
  boolean await() {
    if (Thread.currentThread().isInterrupted()) {
      return false;
    }
    long now = System.nanoTime();
    if (nanos == 0) {
      return true;
    }
    try {
      TimeUnit.NANOSECONDS.sleep(next - now);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
    next = Math.max(next, now) + nanos; // what was held up is not made up for
    return true;
  }
}
