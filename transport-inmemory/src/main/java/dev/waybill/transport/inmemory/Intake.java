package dev.waybill.transport.inmemory;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One receiver's account at its queue: what it has taken and not settled, and whether it wants
 * more. Guarded by the queue's lock, but for the flags, which anyone may read.
 */
final class Intake {
  /** What the receiver has taken and not settled; at most {@link #maxUnsettled}. */
  final Set<MemoryDelivery> open = new HashSet<>();

  final int maxUnsettled;

  /** How long a delivery is the receiver's without renewal, or null if until it is settled. */
  final @Nullable Duration lease;

  private final Thread thread;

  volatile boolean paused;
  volatile boolean stopped;

  /** Whether the thread is handing over what it took last. */
  boolean handingOver;

  /** When to look for expired leases; not later than the first that expires. */
  long leasesDue = Ticker.NEVER;

  /** An intake of nothing, emptied by {@code thread}. */
  Intake(Thread thread, int maxUnsettled, @Nullable Duration lease) {
    this.thread = thread;
    this.maxUnsettled = maxUnsettled;
    this.lease = lease;
  }

  /** How many more messages it takes. */
  int credit() {
    return paused || stopped ? 0 : maxUnsettled - open.size();
  }

  boolean isCurrentThread() {
    return Thread.currentThread() == thread;
  }

  /** Makes the thread look at the queue again; remembered if it is not waiting just now. */
  void wake() {
    LockSupport.unpark(thread);
  }
}
