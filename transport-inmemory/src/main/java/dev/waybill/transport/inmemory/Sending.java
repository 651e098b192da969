package dev.waybill.transport.inmemory;

/**
 * One sending of a message with a delay, of which several queues may have a copy. Either all copies
 * arrive, or all are taken back: the first queue to decide decides for the others. Thread-safe.
 */
final class Sending {
  private enum Fate {
    OPEN,
    ARRIVED,
    TAKEN_BACK
  }

  /** What the sender was told. */
  final String brokerId;

  private Fate fate = Fate.OPEN;

  Sending(String brokerId) {
    this.brokerId = brokerId;
  }

  /** Whether its copies arrive; then none can be taken back any more. */
  boolean arrive() {
    return become(Fate.ARRIVED);
  }

  /** Whether its copies are taken back; then none arrives any more. */
  boolean takeBack() {
    return become(Fate.TAKEN_BACK);
  }

  private synchronized boolean become(Fate wanted) {
    if (fate == Fate.OPEN) {
      fate = wanted;
    }
    return fate == wanted;
  }
}
