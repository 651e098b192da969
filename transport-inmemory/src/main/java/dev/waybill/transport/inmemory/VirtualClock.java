package dev.waybill.transport.inmemory;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A clock that stands still until it is advanced, for tests of delays, retries and leases that take
 * no time. {@link InMemoryBroker#create(VirtualClock)} makes a broker that keeps its time by it;
 * give the same clock to whatever else should agree with it. Thread-safe.
 */
public final class VirtualClock extends Clock {
  /** How long {@link #advance} waits for listeners, in real time; they must not block anyway. */
  private static final long PATIENCE_SECONDS = 10;

  private final Instant start;
  private final List<InMemoryBroker> brokers = new CopyOnWriteArrayList<>();
  private final Ticker ticker = new VirtualTicker();
  private final VirtualTimer timer = new VirtualTimer(ticker);
  private volatile long elapsed;

  private VirtualClock(Instant start) {
    this.start = start;
  }

  /** A clock that stands at the beginning of 2026, UTC. */
  public static VirtualClock create() {
    return startingAt(Instant.parse("2026-01-01T00:00:00Z"));
  }

  /** A clock that stands at {@code start}. */
  public static VirtualClock startingAt(Instant start) {
    return new VirtualClock(start);
  }

  /**
   * Moves the time on. Stops at each moment at which something becomes due (a delay, a retry wait
   * or a lease ends), in order, and goes on when the receivers have been handed all that they take
   * then, and the tasks of {@link #timer} that are due have run, on the calling thread. So after
   * the return everything due has been handed to listeners; not necessarily been handled, and what
   * a handler does afterwards counts from the new time.
   *
   * <p>Blocks until then. Concurrent calls take place one after another.
   *
   * @param duration not negative; zero only waits until all is handed over
   * @throws IllegalArgumentException if it is negative
   * @throws IllegalStateException if a listener has blocked for 10 s of real time, or the calling
   *     thread is interrupted (it stays so); the time stands where it was stopped
   */
  public synchronized void advance(Duration duration) {
    if (duration.isNegative()) {
      throw new IllegalArgumentException("time does not go back: " + duration);
    }
    long target = Math.addExact(elapsed, duration.toNanos());
    awaitHandedOver();
    for (long due = nextDue(); due <= target; due = nextDue()) {
      elapsed = Math.max(elapsed, due);
      brokers.forEach(InMemoryBroker::doWhatIsDue);
      awaitHandedOver();
      timer.runWhatIsDue();
      awaitHandedOver();
    }
    elapsed = Math.max(elapsed, target); // a task may have advanced it further
  }

  /**
   * Moves the time on to the next moment at which something becomes due, by {@code most} if that
   * comes earlier; otherwise like {@link #advance}.
   */
  public synchronized void advanceToNext(Duration most) {
    long left = Math.max(0, nextDue() - elapsed);
    advance(Duration.ofNanos(Math.min(most.toNanos(), left)));
  }

  /**
   * A timer in this clock's time, for {@link dev.waybill.MessageBus.Builder#timer}; always the
   * same. A task runs in {@link #advance}, on the thread that calls it, at the task's moment and
   * after what the brokers have due at that moment; so it must not wait for another one. One that
   * is given without a delay, to run once, runs at once, on the thread that gives it: nothing that
   * waits for no time stands still because nobody advances the clock.
   *
   * <p>It has no thread and needs no end; shut down, it drops its tasks and takes no more.
   */
  public ScheduledExecutorService timer() {
    return timer;
  }

  @Override
  public Instant instant() {
    return start.plusNanos(elapsed);
  }

  /** UTC. */
  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  /** This clock's time, seen from another zone. */
  @Override
  public Clock withZone(ZoneId zone) {
    return zone.equals(getZone()) ? this : new InZone(this, zone);
  }

  @Override
  public String toString() {
    return "VirtualClock[" + instant() + "]";
  }

  Ticker ticker() {
    return ticker;
  }

  /** Makes a broker keep this clock's time. */
  void drive(InMemoryBroker broker) {
    brokers.add(broker);
  }

  private long nextDue() {
    return brokers.stream().mapToLong(InMemoryBroker::nextDue).reduce(timer.nextDue(), Math::min);
  }

  private void awaitHandedOver() {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    try {
      while (!brokers.stream().allMatch(InMemoryBroker::isHandedOver)) {
        for (InMemoryBroker broker : brokers) {
          if (!broker.awaitHandedOver(deadline)) {
            throw new IllegalStateException(
                "A listener has not returned within %d s".formatted(PATIENCE_SECONDS));
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while messages were handed over", e);
    }
  }

  /** Sleeps until it is woken: what is due is done by {@link #advance}. */
  private final class VirtualTicker implements Ticker {
    @Override
    public long now() {
      return elapsed;
    }

    @Override
    public void park(long due) {
      LockSupport.park(this);
    }
  }

  private static final class InZone extends Clock {
    private final VirtualClock clock;
    private final ZoneId zone;

    InZone(VirtualClock clock, ZoneId zone) {
      this.clock = clock;
      this.zone = zone;
    }

    @Override
    public Instant instant() {
      return clock.instant();
    }

    @Override
    public ZoneId getZone() {
      return zone;
    }

    @Override
    public Clock withZone(ZoneId other) {
      return clock.withZone(other);
    }
  }
}
