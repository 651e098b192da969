package dev.waybill.transport.kafka;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Futures that have no answer yet. Thread-safe. */
final class Outstanding {
  private static final Logger log = LoggerFactory.getLogger(Outstanding.class);
  private final Map<Long, CompletableFuture<?>> futures = new ConcurrentHashMap<>();
  private final AtomicLong numbers = new AtomicLong();

  /** Keeps a future until it is complete. */
  void add(CompletableFuture<?> future) {
    Long number = numbers.incrementAndGet();
    futures.put(number, future);
    var unused = future.whenComplete((value, error) -> futures.remove(number));
  }

  /** Waits for those that are here now; returns whether all have an answer, good or bad. */
  boolean await(Deadline deadline) {
    CompletableFuture<?>[] now = futures.values().toArray(new CompletableFuture<?>[0]);
    try {
      CompletableFuture.allOf(now).get(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      log.trace("One answer at least is an error, which its own future has", e);
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
    return true;
  }

  /** Fails those that are here now. */
  void failAll(Throwable error) {
    futures.values().forEach(future -> future.completeExceptionally(error));
  }
}
