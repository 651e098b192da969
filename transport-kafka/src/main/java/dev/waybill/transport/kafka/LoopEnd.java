package dev.waybill.transport.kafka;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The end of a polling loop, and its waits between attempts until then, each longer than before.
 */
final class LoopEnd {
  private static final Logger log = LoggerFactory.getLogger(LoopEnd.class);
  private static final long MIN_BACKOFF_MILLIS = 100;
  private static final long MAX_BACKOFF_MILLIS = 5_000;

  private final CountDownLatch come = new CountDownLatch(1);
  private long backoffMillis = MIN_BACKOFF_MILLIS;

  /** Lets it come; may be called from any thread. */
  void now() {
    come.countDown();
  }

  boolean hasCome() {
    return come.getCount() == 0;
  }

  /** Waits before the next attempt, no longer than to the end. */
  void backOff() {
    await(Duration.ofMillis(backoffMillis));
    backoffMillis = Math.min(2 * backoffMillis, MAX_BACKOFF_MILLIS);
  }

  /** Waits for it, at most so long. */
  void await(Duration most) {
    try {
      var unused = come.await(most.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      log.debug("Interrupted while waiting; the loop ends by close only", e);
    }
  }

  /** An attempt has succeeded: the next waits begin anew. */
  void succeeded() {
    backoffMillis = MIN_BACKOFF_MILLIS;
  }
}
