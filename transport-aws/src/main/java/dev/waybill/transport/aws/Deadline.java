package dev.waybill.transport.aws;

import java.time.Duration;

/** A point in time that work has to be done by, by the clock that never jumps. */
final class Deadline {
  private final long at;

  private Deadline(long at) {
    this.at = at;
  }

  static Deadline in(Duration duration) {
    return new Deadline(System.nanoTime() + saturated(duration));
  }

  /** What is left; zero when it has passed. */
  Duration remaining() {
    return Duration.ofNanos(remainingNanos());
  }

  long remainingNanos() {
    return Math.max(0, at - System.nanoTime());
  }

  boolean hasPassed() {
    return remainingNanos() == 0;
  }

  /** A sum with the clock must not overflow: a century does for any wait. */
  private static long saturated(Duration duration) {
    Duration century = Duration.ofDays(36_500);
    return duration.compareTo(century) > 0 ? century.toNanos() : duration.toNanos();
  }
}
