package dev.waybill.transport.kafka;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * When a consumer was last polled. One that was not polled for {@code max.poll.interval.ms} has
 * lost its partitions to others, whether it knows or not: it must not commit any more. Thread-safe.
 */
final class PollClock {
  private final long limit;
  private final LongSupplier nanoTime;
  private volatile long last;

  PollClock(Duration maxPollInterval) {
    this(maxPollInterval, System::nanoTime);
  }

  /** With a clock of a test's. */
  PollClock(Duration maxPollInterval, LongSupplier nanoTime) {
    this.limit = maxPollInterval.toNanos();
    this.nanoTime = nanoTime;
    this.last = nanoTime.getAsLong();
  }

  void polled() {
    last = nanoTime.getAsLong();
  }

  boolean isOverdue() {
    return nanoTime.getAsLong() - last > limit;
  }
}
