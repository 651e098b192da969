package dev.waybill.transport.inmemory;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
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
  private final Runnable handOver;

  /** Held by the thread that hands over, or reports on the connection: one at a time. */
  final ReentrantLock turn = new ReentrantLock();

  volatile boolean paused;
  volatile boolean stopped;

  /** Whether the connection is lost, until the receiver has reported it and has a new one. */
  volatile boolean disconnected;

  /**
   * Whether the thread was woken since it looked last. Its permit to park is not enough: a listener
   * that waits for a lock takes it.
   */
  volatile boolean woken;

  /** Whether the thread is to report on the connection, or to try to make it. */
  volatile boolean toConnect;

  /** Whether it is in line for the next message; see {@link Intakes}. */
  boolean hungry;

  /**
   * An intake of nothing.
   *
   * @param thread sees to what nobody else does
   * @param handOver takes what there is and hands it over, on any thread; not under a queue's lock
   */
  Intake(Thread thread, Runnable handOver, MemorySender sender, int maxUnsettled, Conduct conduct) {
    this.thread = thread;
    this.handOver = handOver;
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
    toConnect = !stopped;
    wake();
  }

  /** The connection may be made again, if it is lost. */
  void reconnect() {
    toConnect |= disconnected && !stopped;
    wake();
  }

  /** Whether somebody hands over, or is to report on the connection. */
  boolean isBusy() {
    return turn.isLocked() || (toConnect && !stopped);
  }

  /** Whether it is the calling thread that hands over. */
  boolean isCurrentThread() {
    return turn.isHeldByCurrentThread();
  }

  /**
   * Hands over on the calling thread, so that a message wakes no thread on its way to its handler;
   * nothing if another does it now, who then looks again. Not under a queue's lock.
   */
  void handOver() {
    handOver.run();
  }

  /** Makes the thread look at the queue again; remembered if it is not waiting just now. */
  void wake() {
    woken = true;
    LockSupport.unpark(thread);
  }
}
