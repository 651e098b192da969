package dev.waybill.transport.rabbitmq;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * When to try again to leave a queue to another instance, after that was in vain: nothing is handed
 * out during a try, and what is open may be waiting for its retry much longer. For one thread.
 */
final class Moves {
  private static final Duration FIRST = Duration.ofSeconds(15);
  private static final Duration LONGEST = Duration.ofMinutes(5);

  private final LongSupplier nanoTime;
  private Duration wait = Duration.ZERO;
  private long failed;

  Moves() {
    this(System::nanoTime);
  }

  /** With a clock of a test's. */
  Moves(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** Whether enough time has passed since the last try that was in vain. */
  boolean mayTry() {
    return wait.isZero() || nanoTime.getAsLong() - failed >= wait.toNanos();
  }

  /** A try was in vain: each time twice as long until the next. */
  void failed() {
    Duration twice = wait.multipliedBy(2);
    wait = wait.isZero() ? FIRST : twice.compareTo(LONGEST) < 0 ? twice : LONGEST;
    failed = nanoTime.getAsLong();
  }

  void succeeded() {
    wait = Duration.ZERO;
  }
}
