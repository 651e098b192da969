package dev.waybill.internal;

/**
 * One handling of a message by a worker: from its beginning until the worker looks for the next.
 * The handling is over within that, or later and on another thread.
 */
final class Turn {
  final Lane lane;
  final Work work;
  private final Thread worker;

  /** Touched by whoever begins it, then by the worker alone, as are the next. */
  private boolean left;

  private boolean over;
  private boolean settled;

  /** A turn of {@code worker}, which begins. */
  Turn(Lane lane, Work work, Thread worker) {
    this.lane = lane;
    this.work = work;
    this.worker = worker;
  }

  /** The message has been handled; returns whether its worker says so, within its turn. */
  boolean over() {
    boolean byItsWorker = isByItsWorker();
    if (byItsWorker) {
      over = true;
    }
    return byItsWorker;
  }

  /** The message is settled; returns whether its worker says so, within its turn. */
  boolean settle() {
    boolean byItsWorker = isByItsWorker();
    if (byItsWorker) {
      settled = true;
    }
    return byItsWorker;
  }

  /** How many workers are about to look for their next because of this turn: one, or none. */
  int sure() {
    return isByItsWorker() ? 1 : 0;
  }

  /** The worker goes on to the next, or was not given it at all. */
  void leave() {
    left = true;
  }

  /** Whether the message was handled within the turn; for the worker, after it has left. */
  boolean isOver() {
    return over;
  }

  /** Whether the message was settled within the turn; for the worker, after it has left. */
  boolean isSettled() {
    return settled;
  }

  private boolean isByItsWorker() {
    return Thread.currentThread() == worker && !left;
  }
}
