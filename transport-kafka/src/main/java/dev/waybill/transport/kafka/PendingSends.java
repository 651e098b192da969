package dev.waybill.transport.kafka;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sends that have no answer yet. Their deadlines are kept by one task of the timer, which comes
 * at the soonest of them: most are met long before, and cost no task. Thread-safe.
 */
final class PendingSends {
  private static final Logger log = LoggerFactory.getLogger(PendingSends.class);

  private final Set<PendingSend> sends = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService timer;
  private volatile @Nullable Deadline next;
  private @Nullable ScheduledFuture<?> sweep;

  PendingSends(ScheduledExecutorService timer) {
    this.timer = timer;
  }

  /** Keeps a send until it is {@linkplain #remove removed}. */
  void add(PendingSend send) {
    sends.add(send);
  }

  void remove(PendingSend send) {
    sends.remove(send);
  }

  /** From now on the send's deadline is kept; it was added before. */
  void watch(PendingSend send) {
    Deadline soonest = next;
    if (soonest == null || send.deadline().isBefore(soonest)) {
      sweepAt(send.deadline());
    }
  }

  private synchronized void sweepAt(Deadline deadline) {
    Deadline soonest = next;
    if (soonest != null && !deadline.isBefore(soonest)) {
      return;
    }
    if (sweep != null) {
      sweep.cancel(false);
    }
    next = deadline;
    try {
      sweep = timer.schedule(this::sweep, deadline.remainingNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      log.trace("Closed just now, which fails all that have no answer", e);
    }
  }

  private void sweep() {
    synchronized (this) {
      next = null; // before the look: what is added later sees that nothing is planned
    }
    Deadline soonest = null;
    for (PendingSend send : sends) {
      if (!send.isHandedOver()) {
        continue; // is watched when it is
      }
      if (send.deadline().passed()) {
        send.expire();
      } else if (soonest == null || send.deadline().isBefore(soonest)) {
        soonest = send.deadline();
      }
    }
    if (soonest != null) {
      sweepAt(soonest);
    }
  }

  /** Waits for those that are here now; returns whether all have an answer, good or bad. */
  boolean await(Deadline deadline) {
    Outstanding now = new Outstanding();
    sends.forEach(send -> now.add(send.answer()));
    return now.await(deadline);
  }

  /** Fails those that are here now. */
  void failAll(Throwable error) {
    sends.forEach(send -> send.fail(error));
  }
}
