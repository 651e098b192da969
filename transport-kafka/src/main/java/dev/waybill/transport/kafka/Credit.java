package dev.waybill.transport.kafka;

/**
 * How many more deliveries may be open. Wakes the polling thread when that has changed from none to
 * some. A part may be a reserve, which is not for all. Thread-safe.
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
  private final int reserve;
  private int left;

  /** With how many left who wants some is woken; more than there can be if nobody does. */
  private int wantedAt = Integer.MAX_VALUE;

  /** How many keys were freed, and had been when the reserve was last taken from. */
  private long freed;

  private long freedBefore;

  /** Whether a key that is freed wakes. */
  private boolean keyWanted;

  Credit(int maxUnsettled, Runnable wake) {
    this(maxUnsettled, 0, wake);
  }

  /** Of which the last {@code reserve} are not given to all. */
  Credit(int maxUnsettled, int reserve, Runnable wake) {
    this.left = maxUnsettled;
    this.reserve = reserve;
    this.enough = Math.max(1, Math.min(maxUnsettled / SOME, AT_MOST));
    this.wake = wake;
  }

  /** Takes one that is not of the reserve, or notes that one is wanted. */
  boolean take() {
    boolean taken = take(1) == 1;
    if (!taken) {
      want();
    }
    return taken;
  }

  /** Takes as many as there are beyond the reserve, at most {@code most}. */
  synchronized int take(int most) {
    return takeOf(left - reserve, most);
  }

  /** Takes as many as there are, at most {@code most}. */
  synchronized int takeWithReserve(int most) {
    freedBefore = freed;
    return takeOf(left, most);
  }

  private int takeOf(int there, int most) {
    int taken = Math.max(0, Math.min(there, most));
    left -= taken;
    return taken;
  }

  /** Gives back what was taken just now and is not needed; wakes nobody. */
  synchronized void putBack(int count) {
    left += count;
  }

  /**
   * Says that there was less than could have been delivered. What is blocked by its key, or waits
   * for its time, wants none: for that the polling thread would be woken for nothing, again and
   * again, and a woken consumer fetches nothing.
   */
  void want() {
    wantFrom(reserve + enough);
  }

  /** The same of the reserve. */
  void wantWithReserve() {
    wantFrom(enough);
  }

  /**
   * The same of what is not of the reserve, or of a key that is freed: there is more in the
   * reserve, but all that waits waits for others of its key.
   */
  void wantOrKey() {
    if (isFreedAlready()) {
      wake.run();
    } else {
      want();
    }
  }

  private synchronized boolean isFreedAlready() {
    keyWanted = freed == freedBefore;
    return !keyWanted;
  }

  /** Says that a record that waited for others of its key may come, of the reserve too. */
  void keyFreed() {
    if (isKeyWanted()) {
      wake.run();
    }
  }

  private synchronized boolean isKeyWanted() {
    freed++;
    boolean wakes = keyWanted;
    keyWanted = false;
    return wakes;
  }

  private void wantFrom(int level) {
    if (isThereAlready(level)) {
      wake.run();
    }
  }

  private synchronized boolean isThereAlready(int level) {
    if (left >= level) {
      return true;
    }
    wantedAt = Math.min(wantedAt, level);
    return false;
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
    return wantedAt != Integer.MAX_VALUE && enough > 1;
  }

  void giveBack(int count) {
    if (add(count)) {
      wake.run();
    }
  }

  private synchronized boolean add(int count) {
    left += count;
    boolean wakes = count > 0 && left >= wantedAt;
    if (wakes) {
      wantedAt = Integer.MAX_VALUE;
    }
    return wakes;
  }
}
