package dev.waybill.internal;

/**
 * One handling of a message by a worker: from its beginning until the worker looks for the next.
 * The handling is over within that, or later and on another thread.
 */
final class Turn {
  final Lane lane;
  final Work work;
  private final Thread worker = Thread.currentThread();

  /** Touched by the worker alone, as is the next. */
  private boolean left;

  private boolean over;

  /** Begins, on the worker's thread. */
  Turn(Lane lane, Work work) {
    this.lane = lane;
    this.work = work;
  }

  /** The message has been handled; returns whether its worker says so, within its turn. */
  boolean over() {
    boolean byItsWorker = isByItsWorker();
    if (byItsWorker) {
      over = true;
    }
    return byItsWorker;
  }

  /** How many workers are about to look for their next because of this turn: one, or none. */
  int sure() {
    return isByItsWorker() ? 1 : 0;
  }

  /**
   * The worker goes on to the next. What interrupted a handler is not to reach the next one.
   *
   * @return whether the message has been handled
   */
  boolean leave() {
    left = true;
    var unused = Thread.interrupted();
    return over;
  }

  private boolean isByItsWorker() {
    return Thread.currentThread() == worker && !left;
  }
}
