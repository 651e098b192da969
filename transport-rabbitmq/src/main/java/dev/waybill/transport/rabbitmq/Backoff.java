package dev.waybill.transport.rabbitmq;

import java.util.concurrent.ThreadLocalRandom;

/** The waits between attempts: 0.1 s, doubled up to 5 s, each shortened by up to a quarter. */
final class Backoff {
  private static final long FIRST_MILLIS = 100;
  private static final long LONGEST_MILLIS = 5_000;

  private long next = FIRST_MILLIS;

  /** The next wait in milliseconds. */
  long nextMillis() {
    long wait = next - ThreadLocalRandom.current().nextLong(next / 4);
    next = Math.min(next * 2, LONGEST_MILLIS);
    return wait;
  }

  void reset() {
    next = FIRST_MILLIS;
  }
}
