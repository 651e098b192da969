package dev.waybill.testkit.broker;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import dev.waybill.testkit.broker.FaultProxy.Direction;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/** The faults of a {@link FaultProxy}: what happens to bytes on their way. */
final class ProxyFaults {

  private final Set<Direction> held = EnumSet.noneOf(Direction.class);
  private final Map<Direction, Long> cuts = new EnumMap<>(Direction.class);
  private Duration delay = Duration.ZERO;

  synchronized void hold(Direction direction) {
    held.add(direction);
  }

  synchronized void delay(Duration each) {
    delay = each;
  }

  synchronized void cutAfter(Direction direction, long count) {
    cuts.put(direction, count);
  }

  synchronized void heal() {
    held.clear();
    cuts.clear();
    delay = Duration.ZERO;
    notifyAll();
  }

  /** Wakes those who wait in {@link #pass}, because their connection may be gone. */
  synchronized void wake() {
    notifyAll();
  }

  /**
   * Waits until bytes may go through {@code link}, and takes {@code count} of them from the way to
   * a cut.
   *
   * @return how many may go; fewer than {@code count} if the connection is cut after them or has
   *     gone
   */
  synchronized int pass(Direction direction, int count, ProxyLink link)
      throws InterruptedException {
    long arrived = System.nanoTime();
    while (link.isOpen() && held.contains(direction)) {
      wait();
    }
    long rest = delay.toNanos() - (System.nanoTime() - arrived);
    while (link.isOpen() && rest > 0) {
      NANOSECONDS.timedWait(this, rest);
      rest = delay.toNanos() - (System.nanoTime() - arrived);
    }
    if (!link.isOpen()) {
      return -1;
    }
    return beforeCut(direction, count);
  }

  private int beforeCut(Direction direction, int count) {
    Long left = cuts.get(direction);
    if (left == null) {
      return count;
    }
    if (left < count) {
      cuts.remove(direction);
      return left.intValue();
    }
    cuts.put(direction, left - count);
    return count;
  }
}
