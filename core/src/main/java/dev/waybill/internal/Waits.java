package dev.waybill.internal;

import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Capabilities.Support;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Where a message waits for its next attempt, and for how long of it. Some transports keep what
 * waits. With others it waits here, as long as its delivery may be open; what is left of the wait
 * then it waits as another delivery. Thread-safe.
 */
final class Waits {
  private final Support retryAfter;
  private final @Nullable Duration longestOpen;
  private final LongSupplier nanoTime;

  /**
   * As a transport can.
   *
   * @param nanoTime as {@link System#nanoTime}
   */
  Waits(Support retryAfter, @Nullable Duration longestOpen, LongSupplier nanoTime) {
    this.retryAfter = retryAfter;
    this.longestOpen = longestOpen;
    this.nanoTime = nanoTime;
  }

  /** The delivery of a message is open from now on. */
  void opened(Work work) {
    if (longestOpen != null) {
      work.opened(nanoTime.getAsLong());
    }
  }

  /** Whether the transport keeps the message for so long. */
  boolean atTheBroker(Work work, Duration after) {
    return !after.isZero()
        && retryAfter.serves(after)
        && (retryAfter.level() == Level.NATIVE
            || (isKeptElsewhere() && here(work, after).compareTo(after) < 0));
  }

  /** The part of a wait for which the delivery may stay open; all of it or less. */
  Duration here(Work work, Duration after) {
    if (longestOpen == null) {
      return after;
    }
    Duration left = longestOpen.minusNanos(nanoTime.getAsLong() - work.opened());
    return left.isNegative() ? Duration.ZERO : left.compareTo(after) < 0 ? left : after;
  }

  /** The message is not to be handled before so long a time is over. */
  void begin(Work work, Duration after) {
    if (longestOpen != null) {
      work.due(new Due(nanoTime.getAsLong(), after));
    }
  }

  /** What a message that has come again still has to wait; null if nothing. */
  @Nullable Duration rest(Work work) {
    Due due = work.due();
    if (due == null) {
      return null;
    }
    Duration rest = due.after().minusNanos(nanoTime.getAsLong() - due.since());
    return rest.isZero() || rest.isNegative() ? null : rest;
  }

  /** Whether a wait that is longer than a delivery may be open is the transport's to keep. */
  private boolean isKeptElsewhere() {
    Duration limit = retryAfter.limit();
    return longestOpen != null && (limit == null || limit.compareTo(longestOpen) > 0);
  }

  /** A wait that began at a nano time. */
  record Due(long since, Duration after) {}
}
