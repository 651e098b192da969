package dev.waybill.transport.kafka;

import dev.waybill.transport.Receiver;

/** A receiver that can be closed beside others, so that all together take no longer than one. */
interface ClosedInSteps extends Receiver {
  /** Finishes settlements that were begun, at most until the deadline, and makes the thread end. */
  void beginClose(Deadline begun);

  /** Waits for the thread's end, unless this is the thread. */
  void awaitClosed(Deadline deadline);
}
