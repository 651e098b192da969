package dev.waybill.transport.aws;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * A point in time that work has to be done by, by a clock that never jumps; to be compared with
 * those on the same clock.
 */
final class Deadline {
  private final LongSupplier nanoTime;
  private final long at;

  private Deadline(LongSupplier nanoTime, long at) {
    this.nanoTime = nanoTime;
    this.at = at;
  }

  static Deadline in(Duration duration) {
    return in(duration, System::nanoTime);
  }

  static Deadline in(Duration duration, LongSupplier nanoTime) {
    return new Deadline(nanoTime, nanoTime.getAsLong() + saturated(duration));
  }

  /** Another one on the same clock. */
  Deadline fromNow(Duration duration) {
    return in(duration, nanoTime);
  }

  /** A later one, or with a negative duration an earlier one. */
  Deadline plus(Duration duration) {
    return new Deadline(nanoTime, at + duration.toNanos());
  }

  Deadline orEarlier(Deadline other) {
    return other.isAfter(this) ? this : other;
  }

  boolean isAfter(Deadline other) {
    return at - other.at > 0;
  }

  /** What is left; zero when it has passed. */
  Duration remaining() {
    return Duration.ofNanos(remainingNanos());
  }

  long remainingNanos() {
    return Math.max(0, at - nanoTime.getAsLong());
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
