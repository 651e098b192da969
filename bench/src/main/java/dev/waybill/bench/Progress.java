package dev.waybill.bench;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** Counts what is done, by many threads, for one that waits. */
final class Progress {
  private final AtomicLong count = new AtomicLong();
  private final Thread waiter = Thread.currentThread();
  private volatile long target = Long.MAX_VALUE;

  /** One more is done. */
  void done() {
    if (count.incrementAndGet() == target) {
      LockSupport.unpark(waiter);
    }
  }

  /**
   * Waits until {@code more} are done than at its last return, at most {@code longest}; by the
   * thread that made this.
   *
   * @return how many are done now
   */
  long await(long from, long more, Duration longest) {
    target = from + more;
    long end = System.nanoTime() + longest.toNanos();
    long left = longest.toNanos();
    while (count.get() < target && left > 0) {
      LockSupport.parkNanos(left);
      left = end - System.nanoTime();
    }
    return count.get();
  }
}
