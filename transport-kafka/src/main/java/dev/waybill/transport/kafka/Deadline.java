package dev.waybill.transport.kafka;

import java.time.Duration;

/** A point in time until which something may take, on the monotonic clock. */
final class Deadline {
  /** More than any deadline, and far from an overflow of nanoseconds. */
  private static final Duration LONGEST = Duration.ofDays(36_500);

  private final long nanos;

  private Deadline(long nanos) {
    this.nanos = nanos;
  }

  static Deadline in(Duration duration) {
    Duration bounded = duration.compareTo(LONGEST) > 0 ? LONGEST : duration;
    return new Deadline(System.nanoTime() + bounded.toNanos());
  }

  /** The sooner of this and a deadline in {@code duration}. */
  Deadline orIn(Duration duration) {
    Deadline other = in(duration);
    return other.isBefore(this) ? other : this;
  }

  boolean isBefore(Deadline other) {
    return nanos - other.nanos < 0;
  }

  boolean passed() {
    return remainingNanos() == 0;
  }

  /** Zero once it has passed. */
  long remainingNanos() {
    return Math.max(0, nanos - System.nanoTime());
  }

  /** At least a millisecond, for calls that take zero for "at once" or "for ever". */
  int remainingMillis() {
    return (int) Math.max(1, Math.min(Integer.MAX_VALUE, remainingNanos() / 1_000_000));
  }

  Duration remaining() {
    return Duration.ofNanos(remainingNanos());
  }
}
