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
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has messages handled as its {@link Schedule} says, and carries out what was decided: one lane per
 * key, whose head alone is being handled, waits for its retry or is being settled; no more handlers
 * at a time than the concurrency. When a head is lost, or waits at the broker, and so will come
 * again, those behind it go back, to come again after it.
 */
final class Dispatcher implements Schedule.Actions {
  private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);

  /** Before a message is handled again on which the library itself failed: no hot loop. */
  private static final Duration AFTER_A_BUG = Duration.ofSeconds(1);

  private final Source source;
  private final Pipeline pipeline;
  private final Settler settler;
  private final Draining draining;
  private final Schedule schedule;
  private final Retries retries;

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
    this.pipeline = pipeline;
    this.settler = settler;
    this.draining = new Draining(source, workers);
    this.schedule = new Schedule(source.keyed(), concurrency, workers, waits, this);
    this.retries = new Retries(schedule, settler, waits, timer);
  }

  /** A message has arrived. Does not block. */
  void delivered(Delivery delivery) {
    Work work = arrived(delivery);
    if (!schedule.add(work)) {
      var unused = settler.release(work);
    }
  }

  /** Messages have arrived. Does not block. */
  void delivered(List<? extends Delivery> deliveries) {
    List<Work> works = new ArrayList<>(deliveries.size());
    for (Delivery delivery : deliveries) {
      works.add(arrived(delivery));
    }
    if (!schedule.add(works)) {
      var unused = giveBack(works);
    }
  }

  private Work arrived(Delivery delivery) {
    Work work = new Work(delivery);
    retries.arrived(work);
    return work;
  }

  /** Changes how many handlers may run at a time; those that run go on. */
  void concurrency(int handlers) {
    schedule.concurrency(handlers);
  }

  /** Renews the lease of everything that is open: running, waiting or queued. Never throws. */
  void renewLeases() {
    for (Work work : schedule.open()) {
      try {
        if (work.delivery.isOwned()) {
          work.delivery.renewLease();
        }
      } catch (RuntimeException e) { // must not end the keeping of all leases
        LOG.error("The lease of {} could not be renewed", work.name(), e);
      }
    }
  }

  /** How many messages are open, without those that wait for a retry. */
  int inFlight() {
    return schedule.inFlight();
  }

  /** How long the oldest handling has been going on; null if there is none. */
  @Nullable Duration longestHandling() {
    return schedule.longestHandling();
  }

  /** How many messages are open, whatever they wait for. */
  int open() {
    return schedule.open().size();
  }

  /** How many lanes wait for their head's retry. */
  int waitingLanes() {
    return schedule.waitingLanes();
  }

  /** Whether nothing is open. */
  boolean isIdle() {
    return schedule.open().isEmpty();
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
    List<Work> back = schedule.stop();
    settler.stopping();
    var unused = giveBack(back);
  }

  @Override
  public CompletableFuture<Void> giveBack(List<Work> works) {
    return CompletableFuture.allOf(
        works.stream().map(settler::release).toArray(CompletableFuture[]::new));
  }

  @Override
  public boolean wake(Turn turn, Duration after) {
    return retries.wake(turn, after);
  }

  @Override
  public void drained() {
    draining.drained();
  }

  /**
   * A worker: handles what is ready, one after another, until nothing is. To call a worker for each
   * message would cost more than many a handler.
   */
  @Override
  public void work() {
    for (Turn turn = schedule.first(); turn != null; turn = schedule.next(turn)) {
      run(turn);
    }
  }

  private void run(Turn turn) {
    Work work = turn.work;
    if (!work.delivery.isOwned()) {
      LOG.info(
          "{} from the {} was lost before it was handled, and will come again",
          work.name(),
          source);
      turn.over();
      schedule.finished(turn, Result.NOT_OWNED);
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
                    work.name(),
                    source,
                    bug);
              }
              resolved(turn, bug == null ? resolution : after(bug));
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
    carryOut(turn, resolution);
    if (!byItsWorker) {
      schedule.freed();
    }
  }

  private void carryOut(Turn turn, Resolution resolution) {
    if (resolution.isDecidedBySettlement()) {
      settleThenFinish(turn, resolution);
      return;
    }
    Work work = turn.work;
    boolean cutOff = draining.isImpatient() && resolution.failure() != null && !work.isAccepted();
    pipeline.decided(
        work, cutOff ? Resolution.postponed(Duration.ZERO, resolution.failure()) : resolution);
    if (cutOff) { // interrupted by us: not a failure of the handler's
      work.undo();
      var unused =
          settler.release(work).whenComplete((result, failure) -> schedule.finished(turn, result));
    } else if (resolution.outcome() instanceof Outcome.Retried retried && !work.isAccepted()) {
      retries.begin(turn, resolution, retried.after());
    } else {
      settleThenFinish(turn, resolution);
    }
  }

  private void settleThenFinish(Turn turn, Resolution resolution) {
    CompletableFuture<Result> settled;
    try {
      settled = settler.settle(turn.work, resolution);
    } catch (Throwable bug) { // would cost a place of the concurrency and block the key for ever
      LOG.error("The library failed over {}, the message is kept", resolution.outcome(), bug);
      carryOut(turn, after(bug));
      return;
    }
    if (Settler.isSettled(settled)) {
      finish(turn, resolution, Result.SETTLED);
      return;
    }
    var unused =
        settled.whenComplete(
            (result, unstored) -> {
              if (unstored == null) {
                finish(turn, resolution, result);
              } else {
                carryOut(turn, otherwise(resolution, unstored));
              }
            });
  }

  private void finish(Turn turn, Resolution resolution, Result result) {
    if (resolution.isDecidedBySettlement()) {
      pipeline.decided(
          turn.work,
          result == Result.SETTLED ? resolution : Resolution.postponed(Duration.ZERO, null));
    }
    schedule.finished(turn, result);
  }

  private static Resolution otherwise(Resolution resolution, Throwable unstored) {
    try {
      return Objects.requireNonNull(resolution.otherwise()).apply(unstored);
    } catch (RuntimeException bug) { // would block the key for ever
      LOG.error("The library failed over {}, the message is kept", resolution.outcome(), bug);
      return after(bug);
    }
  }

  private static Resolution after(Throwable bug) {
    return new Resolution(Outcome.retryAfter(AFTER_A_BUG), bug);
  }
}
