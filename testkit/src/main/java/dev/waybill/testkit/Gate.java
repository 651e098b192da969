package dev.waybill.testkit;

/** Holds handlers until they are let go, and watches at each entry how many are inside. */
final class Gate {
  private int inside;
  private int most;
  private int entered;
  private long passes;

  /** Called by a handler: stays inside until there is a pass. */
  synchronized void enter() throws InterruptedException {
    inside++;
    entered++;
    most = Math.max(most, inside);
    try {
      while (passes == 0) {
        wait();
      }
      passes--;
    } finally {
      inside--;
    }
  }

  /** Lets {@code handlers} go, those inside or those to come. */
  synchronized void letGo(int handlers) {
    passes += handlers;
    notifyAll();
  }

  /** Lets all go from now on. */
  void open() {
    letGo(Integer.MAX_VALUE);
  }

  /** How many are inside now. */
  synchronized int inside() {
    return inside;
  }

  /** How many have come in so far. */
  synchronized int entered() {
    return entered;
  }

  /** How many have been inside together at an entry since the last call. */
  synchronized int mostSince() {
    int seen = most;
    most = 0;
    return seen;
  }
}
