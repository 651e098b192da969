package dev.waybill.internal;

import dev.waybill.Outcome;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Source;
import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Capabilities.Support;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides which message is handled when: one lane per key, whose head alone is being handled, waits
 * for its retry or is being settled; a message without a key has a lane of its own; no more
 * handlers at a time than the concurrency.
 *
 * <p>The lock guards the lanes and counts; nothing is called under it but the workers' {@code
 * execute}.
 */
final class Dispatcher implements Receiver.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);

  /** Before a message is handled again on which the library itself failed: no hot loop. */
  private static final Duration AFTER_A_BUG = Duration.ofSeconds(1);

  private final Source source;
  private final int concurrency;
  private final Pipeline pipeline;
  private final Settler settler;
  private final ExecutorService workers;
  private final ScheduledExecutorService timer;
  private final Support retryAfter;

  private final Object lock = new Object();
  private final Map<String, Lane> lanes = new HashMap<>();
  private final ArrayDeque<Lane> ready = new ArrayDeque<>();
  private final Set<Work> open = Collections.newSetFromMap(new IdentityHashMap<>());
  private int running;
  private boolean stopping;
  private boolean impatient;
  private final CompletableFuture<@Nullable Void> drained = new CompletableFuture<>();

  Dispatcher(
      Source source,
      int concurrency,
      Pipeline pipeline,
      Settler settler,
      ExecutorService workers,
      ScheduledExecutorService timer,
      Support retryAfter) {
    this.source = source;
    this.concurrency = concurrency;
    this.pipeline = pipeline;
    this.settler = settler;
    this.workers = workers;
    this.timer = timer;
    this.retryAfter = retryAfter;
  }

  @Override
  public void delivered(Delivery delivery) {
    Work work = new Work(delivery);
    synchronized (lock) {
      if (!stopping) {
        open.add(work);
        String key = source.keyed() ? delivery.message().key() : null;
        Lane lane = key == null ? new Lane(null) : lanes.computeIfAbsent(key, Lane::new);
        lane.queue.add(work);
        if (lane.queue.size() == 1) {
          ready.add(lane);
          pump();
        }
        return;
      }
    }
    var unused = settler.release(work);
  }

  @Override
  public void failed(MessagingException problem) {
    LOG.warn("Receiving from the {} is disturbed: {}", source, problem.getMessage(), problem);
  }

  @Override
  public void recovered() {
    LOG.info("Receiving from the {} works again", source);
  }

  /** Renews the lease of everything that is open: running, waiting or queued. Never throws. */
  void renewLeases() {
    for (Work work : openWork()) {
      try {
        if (work.delivery.isOwned()) {
          work.delivery.renewLease();
        }
      } catch (RuntimeException e) { // must not end the keeping of all leases
        LOG.error("The lease of {} could not be renewed", work.delivery.brokerId(), e);
      }
    }
  }

  /** Whether nothing is open. */
  boolean isIdle() {
    synchronized (lock) {
      return open.isEmpty();
    }
  }

  /**
   * {@link #stop Stops}, lets run what has begun, at most {@code patience}, then interrupts it.
   * Blocks.
   */
  void drain(Duration patience) {
    stop();
    try {
      awaitDrained(patience);
    } finally {
      synchronized (lock) {
        impatient = true;
      }
      workers.shutdownNow();
    }
  }

  /**
   * Begins nothing more, and gives back what has not begun. What stands behind a busy one of its
   * key stays until that is settled: another instance must not handle it meanwhile, nor get it
   * first. The receiver has stopped. Idempotent.
   */
  void stop() {
    List<Work> back = new ArrayList<>();
    synchronized (lock) {
      if (stopping) {
        return;
      }
      stopping = true;
      ready.clear();
      Set<Work> behind = behindBusyOnes();
      for (Work work : open) {
        if (!work.isBusy() && !behind.contains(work)) {
          back.add(work);
        }
      }
      back.forEach(open::remove);
      lanes.clear();
      checkDrained();
    }
    settler.stopping();
    // in order of arrival, so that a broker that puts them back in this order keeps the order per
    // key
    back.sort((a, b) -> Long.compare(a.arrival, b.arrival));
    giveBack(back);
  }

  /** Under the lock. */
  private Set<Work> behindBusyOnes() {
    Set<Work> behind = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Lane lane : lanes.values()) {
      if (lane.queue.element().isBusy()) {
        behind.addAll(lane.queue);
      }
    }
    return behind;
  }

  private void giveBack(List<Work> works) {
    for (Work work : works) {
      var unused = settler.release(work);
    }
  }

  private void awaitDrained(Duration patience) {
    try {
      drained.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      LOG.warn("Handlers of the {} still run after {}, and are interrupted", source, patience);
      synchronized (lock) {
        impatient = true;
      }
      workers.shutdownNow();
      awaitInterrupted();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      throw new IllegalStateException("draining does not fail", e);
    }
  }

  /**
   * A handler that heeds its interruption gets the time to end, so that its message is given back
   * in order.
   */
  private void awaitInterrupted() {
    try {
      drained.get(GRACE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      LOG.warn(
          "Handlers of the {} do not heed their interruption; their messages will come again",
          source);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      throw new IllegalStateException("draining does not fail", e);
    }
  }

  private static final Duration GRACE = Duration.ofSeconds(1);

  private List<Work> openWork() {
    synchronized (lock) {
      return new ArrayList<>(open);
    }
  }

  /** Starts as many handlers as may run; under the lock. */
  private void pump() {
    while (running < concurrency && !ready.isEmpty()) {
      Lane lane = ready.remove();
      Work work = lane.queue.element();
      work.busy(true);
      running++;
      workers.execute(() -> run(lane, work));
    }
  }

  private void run(Lane lane, Work work) {
    if (!work.delivery.isOwned()) {
      LOG.info(
          "{} from the {} was lost before it was handled, and will come again",
          work.delivery.brokerId(),
          source);
      freed();
      finished(lane, work);
      return;
    }
    var unused =
        handle(work)
            .whenComplete(
                (resolution, bug) -> {
                  if (bug != null) {
                    LOG.error(
                        "{} from the {}: the library failed, the message is kept",
                        work.delivery.brokerId(),
                        source,
                        bug);
                  }
                  resolved(
                      lane,
                      work,
                      bug == null ? resolution : Resolution.of(Outcome.retryAfter(AFTER_A_BUG)));
                });
  }

  private CompletionStage<Resolution> handle(Work work) {
    try {
      return pipeline.handle(work);
    } catch (Throwable bug) { // would cost a place of the concurrency and block the key for ever
      return CompletableFuture.failedFuture(bug);
    }
  }

  private void resolved(Lane lane, Work work, Resolution resolution) {
    boolean cutOff;
    boolean stop;
    synchronized (lock) {
      stop = stopping;
      cutOff = impatient && resolution.failure() != null && !work.isAccepted();
    }
    if (cutOff) { // interrupted by us: not a failure of the handler's
      work.undo();
      settleThenFinish(lane, work, settler.release(work));
    } else if (resolution.outcome() instanceof Outcome.Retried retried && !work.isAccepted()) {
      if (stop) {
        settleThenFinish(lane, work, settler.release(work));
      } else {
        retry(lane, work, retried.after(), resolution);
      }
    } else {
      settleThenFinish(lane, work, settler.settle(work, resolution));
    }
    freed();
  }

  private void retry(Lane lane, Work work, Duration after, Resolution resolution) {
    if (!after.isZero()
        && retryAfter.level() == Level.NATIVE
        && retryAfter.serves(after)
        && isAlone(lane)) {
      settleThenFinish(lane, work, settler.settle(work, resolution));
      return;
    }
    work.next();
    if (after.isZero()) {
      again(lane, work);
    } else {
      await(lane, work, after);
    }
  }

  /** Whether nothing is here that would overtake the lane's head if that were given back. */
  private boolean isAlone(Lane lane) {
    synchronized (lock) {
      return lane.queue.size() == 1;
    }
  }

  private void await(Lane lane, Work work, Duration after) {
    boolean stop;
    synchronized (lock) {
      stop = stopping;
      work.busy(stop);
    }
    if (stop) {
      settleThenFinish(lane, work, settler.release(work));
    } else {
      var unused =
          timer.schedule(
              () -> again(lane, work), TimeUnit.NANOSECONDS.convert(after), TimeUnit.NANOSECONDS);
    }
  }

  /** Makes a lane whose head waited ready, in front: what has begun is ended first. */
  private void again(Lane lane, Work work) {
    synchronized (lock) {
      if (!stopping) {
        work.busy(false);
        ready.addFirst(lane);
        pump();
        return;
      }
      if (!open.contains(work)) {
        return; // waited, and was given back by the stop
      }
    }
    settleThenFinish(lane, work, settler.release(work)); // at once, and overtaken by the stop
  }

  private void settleThenFinish(Lane lane, Work work, CompletableFuture<@Nullable Void> settled) {
    var unused = settled.whenComplete((done, failure) -> finished(lane, work));
  }

  private void finished(Lane lane, Work work) {
    List<Work> behind;
    synchronized (lock) {
      lane.queue.remove();
      if (!stopping) {
        open.remove(work);
        goOn(lane);
        return;
      }
      behind = List.copyOf(lane.queue);
      lane.queue.clear();
    }
    giveBack(behind);
    synchronized (lock) {
      open.remove(work);
      behind.forEach(open::remove);
      checkDrained();
    }
  }

  /** Under the lock. */
  private void goOn(Lane lane) {
    if (!lane.queue.isEmpty()) {
      ready.add(lane);
      pump();
    } else if (lane.key != null) {
      lanes.remove(lane.key);
    }
  }

  private void freed() {
    synchronized (lock) {
      running--;
      if (!stopping) {
        pump();
      }
      checkDrained();
    }
  }

  /** Under the lock. */
  private void checkDrained() {
    if (stopping && running == 0 && open.isEmpty()) {
      drained.complete(null);
    }
  }
}
