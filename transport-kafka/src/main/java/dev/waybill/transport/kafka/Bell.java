package dev.waybill.transport.kafka;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Lets a thread wait for something to do. Thread-safe. */
final class Bell {
  private static final Logger log = LoggerFactory.getLogger(Bell.class);

  private final Semaphore rung = new Semaphore(0);

  void ring() {
    rung.release();
  }

  /**
   * Waits until it is rung, at most {@code time}; not at all if it was rung since the last call.
   */
  void await(Duration time) {
    try {
      if (rung.tryAcquire(time.toMillis(), TimeUnit.MILLISECONDS)) {
        rung.drainPermits();
      }
    } catch (InterruptedException e) {
      log.debug("Interrupted while waiting; the thread ends by close only", e);
    }
  }
}
