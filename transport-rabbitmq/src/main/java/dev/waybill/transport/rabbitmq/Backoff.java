package dev.waybill.transport.rabbitmq;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The waits between attempts: 0.1 s, doubled up to 5 s, each shortened by up to a quarter. What
 * worked for less than the longest wait does not count as a success: a broker that takes each
 * connection and drops it at once is not asked ten times a second.
 */
final class Backoff {
  private static final long FIRST_MILLIS = 100;
  private static final long LONGEST_MILLIS = 5_000;

  private final LongSupplier nanoTime;
  private long next = FIRST_MILLIS;
  private long worksSince;
  private boolean works;

  Backoff() {
    this(System::nanoTime);
  }

  /** With a clock of a test's. */
  Backoff(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** The next wait in milliseconds, after something has failed. */
  long nextMillis() {
    if (works
        && nanoTime.getAsLong() - worksSince > TimeUnit.MILLISECONDS.toNanos(LONGEST_MILLIS)) {
      next = FIRST_MILLIS;
    }
    works = false;
    long wait = next - ThreadLocalRandom.current().nextLong(next / 4);
    next = Math.min(next * 2, LONGEST_MILLIS);
    return wait;
  }

  /** An attempt has succeeded. */
  void succeeded() {
    works = true;
    worksSince = nanoTime.getAsLong();
  }
}
