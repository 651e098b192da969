package dev.waybill.bench;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Counts what is handled, by many threads, and measures from the end of the warm-up on. Whichever
 * thread comes to that or to the end first begins and ends the measurement, so that none runs ahead
 * of it.
 */
final class Progress {
  private final Size size;
  private final long end;
  private final AtomicLong count = new AtomicLong();
  private long base;
  private volatile @Nullable Meter meter;
  private volatile Meter.@Nullable Usage usage;

  Progress(Size size) {
    this.size = size;
    this.end = size.warmUp() + size.measured();
  }

  /** How many are handled. */
  long count() {
    return count.get();
  }

  /** One more is handled. */
  void done() {
    long handled = count.incrementAndGet();
    if (handled >= size.warmUp() && meter == null) {
      begin();
    }
    if (handled >= end && usage == null) {
      end();
    }
  }

  private synchronized void begin() {
    if (meter == null) {
      base = count.get();
      meter = new Meter();
      notifyAll();
    }
  }

  private synchronized Meter.Usage end() {
    Meter.Usage measured = usage;
    if (measured == null) {
      Meter begun = meter;
      if (begun == null || count.get() == base) {
        throw new Failure("Nothing was handled within " + size.longest());
      }
      measured = begun.used(count.get() - base);
      usage = measured;
      notifyAll();
    }
    return measured;
  }

  /** Waits for the warm-up and the measurement, each no longer than its size allows. */
  Meter.Usage measure() {
    await(() -> meter != null);
    begin();
    await(() -> usage != null);
    return end();
  }

  private synchronized void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + size.longest().toNanos();
    long left = size.longest().toMillis();
    while (!condition.getAsBoolean() && left > 0) {
      try {
        wait(left);
      } catch (InterruptedException e) {
        throw new Failure("Interrupted", e);
      }
      left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
    }
  }
}
