package dev.waybill.bench;

import dev.waybill.bench.Contender.Handler;
import dev.waybill.bench.Contender.Outlet;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * Sends at a fixed rate, whether or not what was sent has arrived, and measures each order from the
 * time at which it should have been sent: whoever falls behind does not get fewer samples for it.
 */
final class FixedRate implements Handler {
  private static final long PARK_NANOS = 50_000;
  private static final int NUMBER_OF_DIGITS = 3;
  private static final long PATIENCE_NANOS = Duration.ofMinutes(2).toNanos();

  private final Size size;
  private final Orders orders;
  private final long interval;
  private final Histogram latencies = new ConcurrentHistogram(PATIENCE_NANOS, NUMBER_OF_DIGITS);
  private final AtomicLong handled = new AtomicLong();

  /** When the order after the first should be sent. */
  private volatile long begin;

  FixedRate(Size size, int rate, Orders orders) {
    this.size = size;
    this.orders = orders;
    this.interval = TimeUnit.SECONDS.toNanos(1) / rate;
  }

  /** The first order only shows that everything is connected; the warm-up is not recorded. */
  @Override
  public void handle(Order order) {
    long number = order.number();
    if (number > size.warmUp()) {
      long late = System.nanoTime() - due(number);
      latencies.recordValue(Math.max(0, Math.min(late, PATIENCE_NANOS)));
    }
    handled.incrementAndGet();
  }

  private long due(long number) {
    return begin + number * interval;
  }

  /** Sends all, and waits until all are handled. */
  Meter.Usage send(Outlet outlet) {
    outlet.send(orders.number(0), () -> {});
    await(1);
    begin = System.nanoTime();
    send(outlet, 1, size.warmUp());
    Meter meter = new Meter();
    long last = size.warmUp() + size.measured();
    send(outlet, size.warmUp() + 1, last);
    await(last + 1);
    return meter.used(size.measured());
  }

  private void send(Outlet outlet, long from, long last) {
    for (long number = from; number <= last; number++) {
      long left = due(number) - System.nanoTime();
      while (left > 0) {
        if (left > PARK_NANOS) {
          LockSupport.parkNanos(left);
        } else {
          Thread.onSpinWait();
        }
        left = due(number) - System.nanoTime();
      }
      outlet.send(orders.number(number), () -> {});
    }
  }

  private void await(long count) {
    long begun = System.nanoTime();
    while (handled.get() < count) {
      if (System.nanoTime() - begun > PATIENCE_NANOS) {
        throw new Failure("%d of %d orders were handled".formatted(handled.get(), count));
      }
      LockSupport.parkNanos(PARK_NANOS);
    }
  }

  /** Of the orders after the warm-up. */
  Histogram latencies() {
    return latencies;
  }
}
