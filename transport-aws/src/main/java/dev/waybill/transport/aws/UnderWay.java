package dev.waybill.transport.aws;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Work of a connection that has begun and not ended. */
final class UnderWay {
  private static final Logger log = LoggerFactory.getLogger(UnderWay.class);

  private final Map<Object, CompletableFuture<?>> open = new ConcurrentHashMap<>();

  void add(CompletableFuture<?> work) {
    Object place = new Object();
    open.put(place, work);
    var unused = work.whenComplete((done, e) -> open.remove(place));
  }

  /** Waits until all of it has ended, somehow; at most until the deadline. */
  void await(Deadline deadline) {
    try {
      CompletableFuture.allOf(open.values().toArray(CompletableFuture<?>[]::new))
          .get(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException | TimeoutException e) {
      log.debug("Not all work has ended well by the close", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
