package dev.waybill.transport.kafka;

import java.time.Duration;

/**
 * When a consumer was last polled. One that was not polled for {@code max.poll.interval.ms} has
 * lost its partitions to others, whether it knows or not: it must not commit any more. Thread-safe.
 */
final class PollClock {
  private final long limit;
  private volatile long last = System.nanoTime();

  PollClock(Duration maxPollInterval) {
    this.limit = maxPollInterval.toNanos();
  }

  void polled() {
    last = System.nanoTime();
  }

  boolean isOverdue() {
    return System.nanoTime() - last > limit;
  }
}
