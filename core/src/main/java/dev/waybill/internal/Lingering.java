package dev.waybill.internal;

import org.jspecify.annotations.Nullable;

/**
 * The one worker of a consumer that has found nothing to do, and waits a moment for its next turn
 * without sleeping: where messages come one by one and faster than threads are woken, each would
 * wake one. Guarded by the schedule's lock, but for {@link #await}.
 */
final class Lingering {
  /**
   * About what it costs to put a thread to sleep and to wake it, so that waiting never costs much
   * more.
   */
  private static final long NANOS = 5_000;

  private static final int MOST_PASSED_OVER = 1_023;

  private final boolean allowed;
  private @Nullable Thread worker;
  private volatile @Nullable Turn given;

  /** How many of those that find nothing still don't linger, and how many it was the last time. */
  private int passingOver;

  private int passedOver;

  /** Of nobody; and for ever where one that waits would keep the others from the processor. */
  Lingering(int processors) {
    this.allowed = processors > 1;
  }

  /**
   * Whether the calling worker is to {@link #await} its next turn. Once one has waited in vain, the
   * next ones don't, the more of them the more often.
   */
  boolean begin() {
    if (worker != null || given != null || !allowed) {
      return false;
    }
    if (passingOver > 0) {
      passingOver--;
      return false;
    }
    worker = Thread.currentThread();
    return true;
  }

  /** The turn that the calling worker is given in time, or null: then it has to {@link #end}. */
  @Nullable Turn await() {
    long begun = System.nanoTime();
    Turn turn = given;
    while (turn == null && System.nanoTime() - begun < NANOS) {
      Thread.onSpinWait();
      turn = given;
    }
    return taken(turn);
  }

  /** The calling worker's turn, if it was given one at the last moment; it waits no longer. */
  @Nullable Turn end() {
    Turn turn = taken(given);
    if (turn == null) {
      worker = null;
      passedOver = Math.min(2 * passedOver + 1, MOST_PASSED_OVER);
      passingOver = passedOver;
    }
    return turn;
  }

  private @Nullable Turn taken(@Nullable Turn turn) {
    if (turn != null) {
      given = null;
    }
    return turn;
  }

  /** Who waits, or null; it is to be told of its turn at once, or that there is none. */
  @Nullable Thread take() {
    Thread waiting = worker;
    worker = null;
    return waiting;
  }

  /** The one that was taken goes on with a turn, or waits on. */
  void give(@Nullable Turn turn, Thread waiting) {
    if (turn == null) {
      worker = waiting;
    } else {
      passedOver = 0;
      given = turn;
    }
  }
}
