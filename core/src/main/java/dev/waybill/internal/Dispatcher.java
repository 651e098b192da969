package dev.waybill.internal;

import dev.waybill.Outcome;
import dev.waybill.routing.Source;
import dev.waybill.transport.Capabilities.Support;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement.Result;
import java.time.Duration;
import java.util.ArrayList;
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
  private final Waits waits;
  private final Draining draining;
  private final Returning returning = new Returning();

  private final Object lock = new Object();
  private final Lanes lanes;
  private int concurrency;
  private int running;

  /** A worker was called, and has not looked for its first message yet. */
  private boolean coming;

  private volatile boolean stopping;

  Dispatcher(
      Source source,
      int concurrency,
      Pipeline pipeline,
      Settler settler,
      ExecutorService workers,
      ScheduledExecutorService timer,
      Support retryAfter,
      @Nullable Duration longestOpen) {
    this(
        source,
        concurrency,
        pipeline,
        settler,
        workers,
        timer,
        new Waits(retryAfter, longestOpen, System::nanoTime));
  }

  Dispatcher(
      Source source,
      int concurrency,
      Pipeline pipeline,
      Settler settler,
      ExecutorService workers,
      ScheduledExecutorService timer,
      Waits waits) {
    this.source = source;
    this.concurrency = concurrency;
    this.pipeline = pipeline;
    this.settler = settler;
    this.workers = workers;
    this.timer = timer;
    this.waits = waits;
    this.draining = new Draining(source, workers);
    this.lanes = new Lanes(source.keyed());
  }

  /** A message has arrived. Does not block. */
  void delivered(Delivery delivery) {
    delivered(List.of(delivery));
  }

  /** Messages have arrived. Does not block. */
  void delivered(List<? extends Delivery> deliveries) {
    List<Work> works = new ArrayList<>(deliveries.size());
    for (Delivery delivery : deliveries) {
      Work work = new Work(delivery);
      waits.opened(work);
      returning.giveTo(work);
      works.add(work);
    }
    synchronized (lock) {
      if (!stopping) {
        works.forEach(lanes::add);
        pump(0);
        return;
      }
    }
    giveBack(works);
  }

  /** Changes how many handlers may run at a time; those that run go on. */
  void concurrency(int handlers) {
    synchronized (lock) {
      concurrency = handlers;
      if (!stopping) {
        pump(0);
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

  /**
   * Calls a worker if there is something to begin, and none is coming already, who would call the
   * next: with handlers that are quick the first may do all of it; under the lock.
   *
   * @param sure how many are at work and about to look for their next
   */
  private void pump(int sure) {
    if (!coming && Math.min(lanes.ready(), concurrency - running) > sure) {
      workers.execute(this::work);
      coming = true;
    }
  }

  /**
   * A worker: handles what is ready, one after another, until nothing is. To call a worker for each
   * message would cost more than many a handler.
   */
  private void work() {
    for (Turn turn = first(); turn != null; turn = next(turn)) {
      run(turn);
    }
  }

  private @Nullable Turn first() {
    synchronized (lock) {
      coming = false;
      return begin();
    }
  }

  private @Nullable Turn next(Turn before) {
    boolean over = before.leave();
    synchronized (lock) {
      if (over) {
        running--;
        checkDrained();
      }
      return begin();
    }
  }

  /** Under the lock. */
  private @Nullable Turn begin() {
    while (!stopping && running < concurrency) {
      Lane lane = lanes.next();
      if (lane == null) {
        return null;
      }
      Turn turn = new Turn(lane, lane.queue.element());
      if (!stillWaits(turn)) {
        turn.work.busy(true);
        running++;
        pump(0);
        return turn;
      }
    }
    return null;
  }

  /** The head of a lane may have come again before its time; under the lock. */
  private boolean stillWaits(Turn turn) {
    Duration rest = waits.rest(turn.work);
    if (rest == null || !isScheduled(turn, rest)) {
      turn.work.due(null);
      return false;
    }
    var unused = turn.leave();
    lanes.await(turn.lane);
    return true;
  }

  private void run(Turn turn) {
    Work work = turn.work;
    if (!work.delivery.isOwned()) {
      LOG.info(
          "{} from the {} was lost before it was handled, and will come again",
          work.delivery.brokerId(),
          source);
      turn.over();
      finished(turn, Result.NOT_OWNED);
      return;
    }
    CompletionStage<Resolution> handled = handle(work);
    if (handled == IncomingPipeline.ACKNOWLEDGED) {
      resolved(turn, Resolution.ACKNOWLEDGED); // what most become, without a chain of futures
      return;
    }
    var unused =
        handled.whenComplete(
            (resolution, bug) -> {
              if (bug != null) {
                LOG.error(
                    "{} from the {}: the library failed, the message is kept",
                    work.delivery.brokerId(),
                    source,
                    bug);
              }
              resolved(
                  turn, bug == null ? resolution : Resolution.of(Outcome.retryAfter(AFTER_A_BUG)));
            });
  }

  private CompletionStage<Resolution> handle(Work work) {
    try {
      return pipeline.handle(work);
    } catch (Throwable bug) { // would cost a place of the concurrency and block the key for ever
      return CompletableFuture.failedFuture(bug);
    }
  }

  private void resolved(Turn turn, Resolution resolution) {
    boolean byItsWorker = turn.over();
    try {
      carryOut(turn, resolution);
    } catch (Throwable bug) { // would cost a place of the concurrency and block the key for ever
      LOG.error("The library failed over {}, the message is kept", resolution.outcome(), bug);
      carryOut(turn, Resolution.of(Outcome.retryAfter(AFTER_A_BUG)));
    }
    if (!byItsWorker) {
      freed();
    }
  }

  private void carryOut(Turn turn, Resolution resolution) {
    Work work = turn.work;
    boolean cutOff = draining.isImpatient() && resolution.failure() != null && !work.isAccepted();
    if (cutOff) { // interrupted by us: not a failure of the handler's
      work.undo();
      settleThenFinish(turn, settler.release(work));
    } else if (resolution.outcome() instanceof Outcome.Retried retried && !work.isAccepted()) {
      if (waits.atTheBroker(work, retried.after())) {
        giveBackUntilDue(turn, resolution);
      } else if (stopping) {
        settleThenFinish(turn, settler.release(work));
      } else {
        retry(turn, retried.after());
      }
    } else {
      settleThenFinish(turn, resolution);
    }
  }

  private void settleThenFinish(Turn turn, Resolution resolution) {
    CompletableFuture<Result> settled = settler.settle(turn.work, resolution);
    if (Settler.isSettled(settled)) {
      finished(turn, Result.SETTLED);
      return;
    }
    var unused =
        settled.whenComplete(
            (result, unstored) -> {
              if (unstored == null) {
                finished(turn, result);
              } else {
                carryOut(turn, otherwise(resolution, unstored));
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

  /** The message, and what is behind it, need no place here until then. */
  private void giveBackUntilDue(Turn turn, Resolution resolution) {
    returning.keepFirstFailure(turn.work);
    var unused =
        settler
            .settle(turn.work, resolution)
            .whenComplete((result, failure) -> comesAgain(turn, () -> leave(turn.lane, result)));
  }

  private List<Work> leave(Lane lane, Result result) {
    return result == Result.SETTLED ? lanes.givenBack(lane) : lanes.lost(lane);
  }

  private void retry(Turn turn, Duration after) {
    turn.work.next();
    if (after.isZero()) {
      again(turn);
    } else {
      await(turn, after);
    }
  }

  private void await(Turn turn, Duration after) {
    waits.begin(turn.work, after);
    boolean stop;
    synchronized (lock) {
      stop = stopping || !isScheduled(turn, after);
      turn.work.busy(stop);
      if (!stop) {
        lanes.await(turn.lane);
      }
    }
    if (stop) {
      settleThenFinish(turn, settler.release(turn.work));
    }
  }

  /** Whether the timer has it; not if it is a caller's that has ended. */
  private boolean isScheduled(Turn turn, Duration after) {
    Duration here = waits.here(turn.work, after);
    Runnable then = here.equals(after) ? () -> again(turn) : () -> waitOn(turn);
    try {
      var unused = timer.schedule(then, TimeUnit.NANOSECONDS.convert(here), TimeUnit.NANOSECONDS);
      return true;
    } catch (RejectedExecutionException e) {
      return false;
    }
  }

  /**
   * A message waits for longer than its delivery may be open: it goes back, with those behind it,
   * and waits on when it has come again.
   */
  private void waitOn(Turn turn) {
    synchronized (lock) {
      if (stopping) {
        return; // which gives back all that waits
      }
      turn.work.busy(true);
      lanes.goesBack(turn.lane);
    }
    returning.keep(turn.work);
    var unused =
        settler
            .release(turn.work)
            .whenComplete(
                (result, failure) -> comesAgain(turn, () -> leaveKept(turn.lane, result)));
  }

  private List<Work> leaveKept(Lane lane, Result result) {
    List<Work> behind = leave(lane, result);
    behind.forEach(returning::keep);
    return behind;
  }

  /** Makes a lane whose head waited ready. */
  private void again(Turn turn) {
    synchronized (lock) {
      if (!stopping) {
        turn.work.due(null);
        turn.work.busy(false);
        lanes.again(turn.lane);
        pump(turn.sure());
        return;
      }
      if (!lanes.isOpen(turn.work)) {
        return; // waited, and was given back by the stop
      }
    }
    // at once, and overtaken by the stop
    settleThenFinish(turn, settler.release(turn.work));
  }

  private void settleThenFinish(Turn turn, CompletableFuture<Result> settled) {
    var unused = settled.whenComplete((result, failure) -> finished(turn, result));
  }

  /** The head of a lane is settled, or lost. */
  private void finished(Turn turn, Result result) {
    synchronized (lock) {
      if (!stopping && result == Result.SETTLED) {
        lanes.done(turn.lane);
        pump(turn.sure());
        return;
      }
    }
    comesAgain(turn, () -> lanes.lost(turn.lane));
  }

  /**
   * The head of a lane will come again, or the bus stops: those behind it go back after it.
   *
   * @param leaving takes the head and those behind it out of the lane
   */
  private void comesAgain(Turn turn, Supplier<List<Work>> leaving) {
    List<Work> behind;
    synchronized (lock) {
      behind = stopping ? lanes.end(turn.lane) : leaving.get();
    }
    do {
      giveBack(behind);
      behind = closed(turn, behind);
    } while (!behind.isEmpty());
  }

  /** What left a lane is back; returns what has to follow it. */
  private List<Work> closed(Turn turn, List<Work> left) {
    synchronized (lock) {
      left.forEach(lanes::closed);
      List<Work> next = stopping ? List.of() : lanes.cameMeanwhile(turn.lane);
      if (next.isEmpty()) {
        lanes.closed(turn.work);
        if (!stopping) {
          pump(turn.sure());
        }
        checkDrained();
      }
      return next;
    }
  }

  private void freed() {
    synchronized (lock) {
      running--;
      if (!stopping) {
        pump(0);
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
