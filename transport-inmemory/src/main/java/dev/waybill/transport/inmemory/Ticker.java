package dev.waybill.transport.inmemory;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * Monotonic time in nanoseconds from an origin of its own, and how to sleep until a point of it.
 */
interface Ticker {
  /** Later than every time that is reached. */
  long NEVER = Long.MAX_VALUE;

  /** The time now; not negative. */
  long now();

  /** Parks the calling thread until it is unparked, or {@code due}; may return early. */
  void park(long due);

  /** The time after {@code duration}; just before {@link #NEVER} if it is beyond 292 years. */
  default long after(Duration duration) {
    try {
      return Math.min(Math.addExact(now(), duration.toNanos()), NEVER - 1);
    } catch (ArithmeticException e) {
      return NEVER - 1;
    }
  }

  /** Real time; unlike a wall clock it is never set. */
  static Ticker system() {
    return SystemTicker.INSTANCE;
  }

  /** {@link System#nanoTime} from the first use on. */
  enum SystemTicker implements Ticker {
    INSTANCE;

    private final long origin = System.nanoTime();

    @Override
    public long now() {
      return System.nanoTime() - origin;
    }

    @Override
    public void park(long due) {
      if (due == NEVER) {
        LockSupport.park(this);
      } else {
        LockSupport.parkNanos(this, due - now());
      }
    }
  }
}
