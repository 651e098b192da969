package dev.waybill.transport.kafka;

/**
 * How many more deliveries may be open. Wakes the polling thread when that has changed from none to
 * some. Thread-safe.
 */
final class Credit {
  /**
   * The part of all credit that is given back before the polling thread is woken: for each by
   * itself it would be woken for every message. It looks by itself from time to time.
   */
  private static final int SOME = 16;

  /** No more than this are waited for, however large the credit. */
  private static final int AT_MOST = 32;

  private final Runnable wake;
  private final int enough;
  private int left;
  private boolean wanted;

  Credit(int maxUnsettled, Runnable wake) {
    this.left = maxUnsettled;
    this.enough = Math.max(1, Math.min(maxUnsettled / SOME, AT_MOST));
    this.wake = wake;
  }

  /** Takes one, or notes that one is wanted. */
  boolean take() {
    boolean taken = take(1) == 1;
    if (!taken) {
      want();
    }
    return taken;
  }

  /** Takes as many as there are, at most {@code most}. */
  synchronized int take(int most) {
    int taken = Math.max(0, Math.min(left, most));
    left -= taken;
    return taken;
  }

  /**
   * Says that there was less than could have been delivered. What is blocked by its key, or waits
   * for its time, wants none: for that the polling thread would be woken for nothing, again and
   * again, and a woken consumer fetches nothing.
   */
  void want() {
    if (isThereAlready()) {
      wake.run();
    }
  }

  private synchronized boolean isThereAlready() {
    wanted = left < enough;
    return !wanted;
  }

  /** How many more may be open now. */
  synchronized int left() {
    return left;
  }

  /** Whether none is left. */
  synchronized boolean isUsedUp() {
    return left <= 0;
  }

  /** Whether one is wanted, and may come back without a wake. */
  synchronized boolean mayComeUnnoticed() {
    return wanted && enough > 1;
  }

  void giveBack(int count) {
    if (add(count)) {
      wake.run();
    }
  }

  private synchronized boolean add(int count) {
    left += count;
    boolean wakes = wanted && count > 0 && left >= enough;
    wanted = wanted && !wakes;
    return wakes;
  }
}
