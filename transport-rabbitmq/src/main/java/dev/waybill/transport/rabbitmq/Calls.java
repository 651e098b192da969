package dev.waybill.transport.rabbitmq;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes calls that wait for the broker's answer, one after another, so that the thread that wants
 * them made does not wait: a queue without a leader takes seconds to answer. Thread-safe.
 */
final class Calls {
  private static final Logger log = LoggerFactory.getLogger(Calls.class);

  private final Executor threads;
  private CompletableFuture<?> last = CompletableFuture.completedFuture(null);

  /** On threads of somebody who ends them. */
  Calls(Executor threads) {
    this.threads = threads;
  }

  /** Has a call made after those before; nothing is made once the threads have ended. */
  synchronized void add(Runnable call) {
    last =
        last.handleAsync(
            (done, error) -> {
              run(call);
              return null;
            },
            threads);
  }

  /** Waits for the calls so far, until {@link System#nanoTime} is {@code end}. */
  void await(long end) {
    CompletableFuture<?> all;
    synchronized (this) {
      all = last;
    }
    try {
      all.get(Math.max(end - System.nanoTime(), 0), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      log.debug("The broker has not answered to all calls; they end with the connection", e);
    }
  }

  private static void run(Runnable call) {
    try {
      call.run();
    } catch (RuntimeException | Error e) {
      log.error("A defect in the RabbitMQ transport", e);
    }
  }
}
