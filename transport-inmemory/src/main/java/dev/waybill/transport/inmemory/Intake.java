package dev.waybill.transport.inmemory;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One receiver's account at its queue: what it has taken and not settled, and whether it wants
 * more. Guarded by the queue's lock, but for the flags, which anyone may read.
 */
final class Intake {
  /** What the receiver has taken and not settled; at most {@link #maxUnsettled}. */
  final OpenDeliveries open = new OpenDeliveries();

  final int maxUnsettled;

  /** How the broker behaves towards the receiver. */
  final Conduct conduct;

  /** Stores what is settled together with a delivery. */
  final MemorySender sender;

  private final Thread thread;

  volatile boolean paused;
  volatile boolean stopped;

  /** Whether the connection is lost, until the receiver has reported it and has a new one. */
  volatile boolean disconnected;

  /** Whether the thread is handing over what it took last, or is to report a lost connection. */
  boolean handingOver;

  /** When to look for expired leases; not later than the first that expires. */
  long leasesDue = Ticker.NEVER;

  /** An intake of nothing, emptied by {@code thread}. */
  Intake(Thread thread, MemorySender sender, int maxUnsettled, Conduct conduct) {
    this.thread = thread;
    this.sender = sender;
    this.maxUnsettled = maxUnsettled;
    this.conduct = conduct;
  }

  /** How many more messages it takes. */
  int credit() {
    return paused || stopped || disconnected ? 0 : maxUnsettled - open.size();
  }

  /** How long a delivery is the receiver's without renewal, or null if until it is settled. */
  @Nullable Duration lease() {
    return conduct.capabilities().leaseDuration();
  }

  /** The connection is lost: the thread has to report it before it takes anything. */
  void disconnect() {
    disconnected = true;
    handingOver = !stopped;
    wake();
  }

  /** The connection may be made again; if it is lost, the thread has to report that it is. */
  void reconnect() {
    handingOver |= disconnected && !stopped;
    wake();
  }

  boolean isCurrentThread() {
    return Thread.currentThread() == thread;
  }

  /** Makes the thread look at the queue again; remembered if it is not waiting just now. */
  void wake() {
    LockSupport.unpark(thread);
  }
}
