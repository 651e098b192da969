package dev.waybill.transport.kafka;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Lets the deliveries of a receiver through, one at a time, until it is shut. */
final class Gate {
  private static final Logger log = LoggerFactory.getLogger(Gate.class);

  /** Held while something passes, so that {@link #shut} can tell when the last one has. */
  private final ReentrantLock passing = new ReentrantLock();

  private volatile boolean shut;

  /** Makes a delivery, and returns what it returns; false if the gate is shut. */
  boolean pass(BooleanSupplier delivery) {
    passing.lock();
    try {
      return !shut && delivery.getAsBoolean();
    } finally {
      passing.unlock();
    }
  }

  /** After the return nothing passes any more. */
  void shut(String source) {
    shut = true;
    try {
      if (passing.tryLock(1, TimeUnit.SECONDS)) {
        passing.unlock();
      } else {
        log.warn("The listener of {} blocks its deliveries", source);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  boolean isShut() {
    return shut;
  }
}
