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
    return take(1) == 1;
  }

  /** Takes as many as there are, at most {@code most}, and notes whether more are wanted. */
  synchronized int take(int most) {
    if (most == 0) {
      return 0;
    }
    int taken = Math.max(0, Math.min(left, most));
    wanted = taken < most;
    left -= taken;
    return taken;
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
