package dev.waybill.internal;

import dev.waybill.Outcome;
import dev.waybill.routing.Source;
import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Capabilities.Support;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement.Result;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides which message is handled when: one lane per key, whose head alone is being handled, waits
 * for its retry or is being settled; no more handlers at a time than the concurrency. When a head
 * is lost, or waits at the broker, and so will come again, those behind it go back, to come again
 * after it.
 *
 * <p>The lock guards the lanes and counts; nothing is called under it but the workers' {@code
 * execute}, the timer's {@code schedule} and deliveries' {@code isOwned}.
 */
final class Dispatcher {
  private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);

  /** Before a message is handled again on which the library itself failed: no hot loop. */
  private static final Duration AFTER_A_BUG = Duration.ofSeconds(1);

  private final Source source;
  private final Pipeline pipeline;
  private final Settler settler;
  private final ExecutorService workers;
  private final ScheduledExecutorService timer;
  private final Support retryAfter;
  private final Draining draining;
  private final FirstFailures firstFailures = new FirstFailures();

  private final Object lock = new Object();
  private final Lanes lanes;
  private int concurrency;
  private int running;
  private boolean stopping;

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
    this.draining = new Draining(source, workers);
    this.lanes = new Lanes(source.keyed());
  }

  /** A message has arrived. Does not block. */
  void delivered(Delivery delivery) {
    Work work = new Work(delivery);
    firstFailures.giveTo(work);
    synchronized (lock) {
      if (!stopping) {
        lanes.add(work);
        pump();
        return;
      }
    }
    var unused = settler.release(work);
  }

  /** Changes how many handlers may run at a time; those that run go on. */
  void concurrency(int handlers) {
    synchronized (lock) {
      concurrency = handlers;
      if (!stopping) {
        pump();
      }
    }
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

  /** How many messages are open, without those that wait for a retry. */
  int inFlight() {
    synchronized (lock) {
      return lanes.inFlight();
    }
  }

  /** How many messages are open, whatever they wait for. */
  int open() {
    synchronized (lock) {
      return lanes.open().size();
    }
  }

  /** How many lanes wait for their head's retry. */
  int waitingLanes() {
    synchronized (lock) {
      return lanes.waiting();
    }
  }

  /** Whether nothing is open. */
  boolean isIdle() {
    synchronized (lock) {
      return lanes.isEmpty();
    }
  }

  /**
   * {@link #stop Stops}, lets run what has begun, at most {@code patience}, then interrupts it.
   * Blocks.
   */
  void drain(Duration patience) {
    stop();
    draining.await(patience);
  }

  /**
   * Begins nothing more, and gives back what has not begun. What stands behind a busy one of its
   * key stays until that is settled: another instance must not handle it meanwhile, nor get it
   * first. The receiver has stopped. Idempotent.
   */
  void stop() {
    List<Work> back;
    synchronized (lock) {
      if (stopping) {
        return;
      }
      stopping = true;
      back = lanes.stop();
      checkDrained();
    }
    settler.stopping();
    giveBack(back);
  }

  private void giveBack(List<Work> works) {
    for (Work work : works) {
      var unused = settler.release(work);
    }
  }

  private List<Work> openWork() {
    synchronized (lock) {
      return lanes.open();
    }
  }

  /** Starts as many handlers as may run; under the lock. */
  private void pump() {
    for (Lane lane = nextIfFree(); lane != null; lane = nextIfFree()) {
      Work work = lane.queue.element();
      work.busy(true);
      running++;
      Lane begun = lane;
      workers.execute(() -> run(begun, work));
    }
  }

  private @Nullable Lane nextIfFree() {
    return running < concurrency ? lanes.next() : null;
  }

  private void run(Lane lane, Work work) {
    if (!work.delivery.isOwned()) {
      LOG.info(
          "{} from the {} was lost before it was handled, and will come again",
          work.delivery.brokerId(),
          source);
      freed();
      finished(lane, work, Result.NOT_OWNED);
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
    carryOut(lane, work, resolution);
    freed();
  }

  private void carryOut(Lane lane, Work work, Resolution resolution) {
    boolean stop;
    synchronized (lock) {
      stop = stopping;
    }
    boolean cutOff = draining.isImpatient() && resolution.failure() != null && !work.isAccepted();
    if (cutOff) { // interrupted by us: not a failure of the handler's
      work.undo();
      settleThenFinish(lane, work, settler.release(work));
    } else if (resolution.outcome() instanceof Outcome.Retried retried && !work.isAccepted()) {
      if (waitsAtTheBroker(retried.after())) {
        giveBackUntilDue(lane, work, resolution);
      } else if (stop) {
        settleThenFinish(lane, work, settler.release(work));
      } else {
        retry(lane, work, retried.after());
      }
    } else {
      settleThenFinish(lane, work, resolution);
    }
  }

  private void settleThenFinish(Lane lane, Work work, Resolution resolution) {
    var unused =
        settler
            .settle(work, resolution)
            .whenComplete(
                (result, unstored) -> {
                  if (unstored == null) {
                    finished(lane, work, result);
                  } else {
                    carryOut(lane, work, otherwise(resolution, unstored));
                  }
                });
  }

  private static Resolution otherwise(Resolution resolution, Throwable unstored) {
    try {
      return Objects.requireNonNull(resolution.otherwise()).apply(unstored);
    } catch (RuntimeException bug) { // would block the key for ever
      LOG.error("The library failed over {}, the message is kept", resolution.outcome(), bug);
      return Resolution.of(Outcome.retryAfter(AFTER_A_BUG));
    }
  }

  private boolean waitsAtTheBroker(Duration after) {
    return !after.isZero() && retryAfter.level() == Level.NATIVE && retryAfter.serves(after);
  }

  /** The message, and what is behind it, need no place here until then. */
  private void giveBackUntilDue(Lane lane, Work work, Resolution resolution) {
    firstFailures.keep(work);
    var unused =
        settler
            .settle(work, resolution)
            .whenComplete((result, failure) -> comesAgain(lane, work, () -> leave(lane, result)));
  }

  private List<Work> leave(Lane lane, Result result) {
    return result == Result.SETTLED ? lanes.givenBack(lane) : lanes.lost(lane);
  }

  private void retry(Lane lane, Work work, Duration after) {
    work.next();
    if (after.isZero()) {
      again(lane, work);
    } else {
      await(lane, work, after);
    }
  }

  private void await(Lane lane, Work work, Duration after) {
    boolean stop;
    synchronized (lock) {
      stop = stopping || !isScheduled(lane, work, after);
      work.busy(stop);
      if (!stop) {
        lanes.await(lane);
      }
    }
    if (stop) {
      settleThenFinish(lane, work, settler.release(work));
    }
  }

  /** Whether the timer has it; not if it is a caller's that has ended. */
  private boolean isScheduled(Lane lane, Work work, Duration after) {
    try {
      var unused =
          timer.schedule(
              () -> again(lane, work), TimeUnit.NANOSECONDS.convert(after), TimeUnit.NANOSECONDS);
      return true;
    } catch (RejectedExecutionException e) {
      return false;
    }
  }

  /** Makes a lane whose head waited ready. */
  private void again(Lane lane, Work work) {
    synchronized (lock) {
      if (!stopping) {
        work.busy(false);
        lanes.again(lane);
        pump();
        return;
      }
      if (!lanes.isOpen(work)) {
        return; // waited, and was given back by the stop
      }
    }
    settleThenFinish(lane, work, settler.release(work)); // at once, and overtaken by the stop
  }

  private void settleThenFinish(Lane lane, Work work, CompletableFuture<Result> settled) {
    var unused = settled.whenComplete((result, failure) -> finished(lane, work, result));
  }

  /** The head of a lane is settled, or lost. */
  private void finished(Lane lane, Work work, Result result) {
    synchronized (lock) {
      if (!stopping && result == Result.SETTLED) {
        lanes.done(lane);
        pump();
        return;
      }
    }
    comesAgain(lane, work, () -> lanes.lost(lane));
  }

  /**
   * The head of a lane will come again, or the bus stops: those behind it go back after it.
   *
   * @param leaving takes the head and those behind it out of the lane
   */
  private void comesAgain(Lane lane, Work work, Supplier<List<Work>> leaving) {
    List<Work> behind;
    synchronized (lock) {
      behind = stopping ? lanes.end(lane) : leaving.get();
    }
    giveBack(behind);
    synchronized (lock) {
      lanes.closed(work);
      behind.forEach(lanes::closed);
      if (!stopping) {
        pump();
      }
      checkDrained();
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
    if (stopping && running == 0 && lanes.isEmpty()) {
      draining.drained();
    }
  }
}
