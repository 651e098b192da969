package dev.waybill.transport.kafka;

/**
 * How many more deliveries may be open. Wakes the polling thread when that changes from none.
 * Thread-safe.
 */
final class Credit {
  private final Runnable wake;
  private int left;
  private boolean wanted;

  Credit(int maxUnsettled, Runnable wake) {
    this.left = maxUnsettled;
    this.wake = wake;
  }

  /** Takes one, or notes that one is wanted. */
  synchronized boolean take() {
    wanted = left == 0;
    if (wanted) {
      return false;
    }
    left--;
    return true;
  }

  /** How many more may be open now. */
  synchronized int left() {
    return left;
  }

  /** Whether none is left. */
  synchronized boolean isUsedUp() {
    return left <= 0;
  }

  void giveBack(int count) {
    if (add(count)) {
      wake.run();
    }
  }

  private synchronized boolean add(int count) {
    left += count;
    boolean wakes = wanted && count > 0;
    wanted = wanted && !wakes;
    return wakes;
  }
}
