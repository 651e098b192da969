package dev.waybill.transport.inmemory;

import java.util.concurrent.atomic.AtomicReference;

/**
 * One sending of a message, of which several queues may have a copy. Either all copies arrive, or
 * all are taken back: the first queue to decide decides for the others. Thread-safe.
 */
final class Sending {
  private enum Fate {
    OPEN,
    ARRIVED,
    TAKEN_BACK
  }

  /** What the sender was told. */
  final String brokerId;

  private final AtomicReference<Fate> fate = new AtomicReference<>(Fate.OPEN);

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

  private boolean become(Fate wanted) {
    return fate.compareAndSet(Fate.OPEN, wanted) || fate.get() == wanted;
  }
}
