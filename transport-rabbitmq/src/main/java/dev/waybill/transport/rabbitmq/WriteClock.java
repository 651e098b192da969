package dev.waybill.transport.rabbitmq;

import java.time.Duration;

/**
 * Whether what a broker that reads nothing may hold up takes longer than it may. Begun and ended by
 * one thread; asked from any.
 */
final class WriteClock {
  private volatile boolean busy;

  /** When it should have ended. */
  private volatile long end;

  void begin(Duration limit) {
    end = System.nanoTime() + limit.toNanos();
    busy = true;
  }

  void end() {
    busy = false;
  }

  boolean isOverdue() {
    return busy && System.nanoTime() - end > 0;
  }
}
