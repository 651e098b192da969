package dev.waybill.internal;

import dev.waybill.routing.Source;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Waits for a consumer's handlers to end, and interrupts those that do not in time. */
final class Draining {
  private static final Logger LOG = LoggerFactory.getLogger(Draining.class);

  /**
   * A handler that heeds its interruption gets this time to end, so that its message is given back
   * in order.
   */
  private static final Duration GRACE = Duration.ofSeconds(1);

  private final Source source;
  private final ExecutorService workers;
  private final CompletableFuture<@Nullable Void> drained = new CompletableFuture<>();
  private volatile boolean impatient;

  Draining(Source source, ExecutorService workers) {
    this.source = source;
    this.workers = workers;
  }

  /** Nothing is open or running any more. */
  void drained() {
    drained.complete(null);
  }

  /** Whether what fails from now on may have been interrupted by us. */
  boolean isImpatient() {
    return impatient;
  }

  /** Waits, at most {@code patience}, then interrupts; ends the workers. */
  void await(Duration patience) {
    try {
      if (!isDrainedWithin(patience)) {
        LOG.warn(
            "Handlers of the {} still run at the end of the time to drain, and are interrupted",
            source);
        interrupt();
        if (!isDrainedWithin(GRACE)) {
          LOG.warn(
              "Handlers of the {} do not heed their interruption; their messages will come again",
              source);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      interrupt();
    }
  }

  private void interrupt() {
    impatient = true;
    workers.shutdownNow();
  }

  private boolean isDrainedWithin(Duration time) throws InterruptedException {
    try {
      drained.get(time.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException("draining does not fail", e);
    }
  }
}
