package dev.waybill.internal;

import dev.waybill.Outcome;
import dev.waybill.error.SendException;
import dev.waybill.routing.Source;
import dev.waybill.transport.Sender.Addressed;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import java.time.Clock;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns an outcome into a settlement, in one method, and sees it through: a dead letter that can't
 * be put down is tried again until it is, or until the message is no longer ours; the message is
 * kept meanwhile.
 */
final class Settler {
  private static final Logger LOG = LoggerFactory.getLogger(Settler.class);

  private static final Duration FIRST_WAIT = Duration.ofMillis(200);
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

  /**
   * What is to be done.
   *
   * @param messages are stored together with the settlement
   * @param mayFail whether somebody decides otherwise if they can't be
   */
  private record Step(Settlement settlement, List<Addressed> messages, boolean mayFail) {
    static Step release(Work work) {
      return new Step(new Settlement.Release(Duration.ZERO, work.attemptsMade()), List.of(), false);
    }

    Step alone() {
      return new Step(settlement, List.of(), mayFail);
    }
  }

  private final Source source;
  private final ScheduledExecutorService timer;
  private final SendReports reports;
  private final Map<Work, CompletableFuture<Result>> waiting = new ConcurrentHashMap<>();
  private final Trouble trouble;

  /** Dead letters that could not be put down so far. */
  private final Set<Work> unplaced = new HashSet<>();

  private volatile boolean stopping;

  Settler(Source source, ScheduledExecutorService timer, Clock clock, SendReports reports) {
    this.source = source;
    this.timer = timer;
    this.reports = reports;
    this.trouble = new Trouble(clock);
  }

  /** From now on a settlement that fails is not tried again; the message is given back. */
  void stopping() {
    stopping = true;
    waiting.keySet().forEach(this::giveUp);
  }

  /** Gives back a message that waits to be tried again, if nobody else has taken it up. */
  private void giveUp(Work work) {
    CompletableFuture<Result> done = waiting.remove(work);
    if (done != null) {
      attempt(work, Step.release(work), FIRST_WAIT, done);
    }
  }

  /**
   * Settles a message, when what is to be done before is done.
   *
   * @return completes when nothing more is to be done about it here: settled, or not ours any more,
   *     so that it will come again; fails only if the resolution says what is decided otherwise
   */
  CompletableFuture<Result> settle(Work work, Resolution resolution) {
    if (work.isAccepted()) {
      if (resolution.outcome() instanceof Outcome.Retried
          || resolution.outcome() instanceof Outcome.DeadLettered) {
        LOG.warn(
            "{} from the {} was accepted before it was handled, at-most-once: {} has no effect any more",
            work.name(),
            source,
            resolution.outcome());
      }
      return resolution
          .first()
          .get()
          .thenApply(first -> work.isLost() ? Result.NOT_OWNED : Result.SETTLED);
    }
    Step step =
        new Step(
            settlementOf(work, resolution),
            resolution.messages(),
            resolution.isDecidedBySettlement());
    CompletableFuture<?> first = resolution.first().get();
    if (first.isDone()) {
      return attempt(work, step);
    }
    CompletableFuture<Result> done = new CompletableFuture<>();
    var unused = first.whenComplete((any, failure) -> attempt(work, step, FIRST_WAIT, done));
    return done;
  }

  /** Gives a message back that was not handled, uncounted. */
  CompletableFuture<Result> release(Work work) {
    return work.isAccepted()
        ? CompletableFuture.completedFuture(Result.SETTLED)
        : attempt(work, Step.release(work));
  }

  private Settlement settlementOf(Work work, Resolution resolution) {
    Outcome outcome = resolution.outcome();
    if (outcome instanceof Outcome.Retried retried) {
      return new Settlement.Release(retried.after(), work.attemptsMade());
    }
    if (outcome instanceof Outcome.DeadLettered deadLettered) {
      LOG.warn(
          "{} from the {} becomes a dead letter: {}",
          work.name(),
          source,
          deadLettered.reason(),
          resolution.failure());
      return new Settlement.Reject(
          deadLettered.reason(),
          Evidence.of(source, work, deadLettered.reason(), resolution.failure()));
    }
    if (outcome instanceof Outcome.Discarded discarded) {
      LOG.warn(
          "{} from the {} is discarded: {}",
          work.name(),
          source,
          discarded.reason(),
          resolution.failure());
    }
    return Settlement.accept();
  }

  private CompletableFuture<Result> attempt(Work work, Step step) {
    CompletionStage<Result> stage = settled(work, step);
    if (stage instanceof CompletableFuture<Result> settled && isSettled(settled)) {
      return settled; // what most are at once, without a chain of futures
    }
    CompletableFuture<Result> done = new CompletableFuture<>();
    see(stage, work, step, FIRST_WAIT, done);
    return done;
  }

  /** Whether that has succeeded already. */
  static boolean isSettled(CompletableFuture<Result> stage) {
    return stage.getClass() == CompletableFuture.class // others may not tell
        && stage.isDone()
        && !stage.isCompletedExceptionally()
        && stage.join() == Result.SETTLED;
  }

  private void attempt(Work work, Step step, Duration wait, CompletableFuture<Result> done) {
    see(settled(work, step), work, step, wait, done);
  }

  private void see(
      CompletionStage<Result> stage,
      Work work,
      Step step,
      Duration wait,
      CompletableFuture<Result> done) {
    var unused =
        stage.whenComplete(
            (result, failure) -> {
              if (failure == null) {
                if (result == Result.NOT_OWNED) {
                  LOG.info(
                      "{} from the {} was no longer ours when it was settled", work.name(), source);
                }
                done.complete(result);
              } else if (step.mayFail() && work.delivery.isOwned()) {
                done.completeExceptionally(failure);
              } else if (isRefused(step, failure) && work.delivery.isOwned()) {
                LOG.warn(
                    "{} from the {} is settled without what was to be stored with it",
                    work.name(),
                    source,
                    failure);
                attempt(work, step.alone(), wait, done);
              } else if (step.settlement() instanceof Settlement.Reject
                  && work.delivery.isOwned()) {
                LOG.error(
                    "{} from the {} could not be put into {}; it is kept, and tried again after {}",
                    work.name(),
                    source,
                    source.deadLetterQueue(),
                    wait,
                    failure);
                if (wait.equals(FIRST_WAIT)) {
                  unplaced(work, failure, done);
                }
                later(work, step, wait, done);
              } else {
                LOG.warn(
                    "{} from the {} could not be settled, and will come again",
                    work.name(),
                    source,
                    failure);
                done.complete(Result.NOT_OWNED);
              }
            });
  }

  /** Is a problem until it is done with, here or elsewhere. */
  private void unplaced(Work work, Throwable failure, CompletableFuture<Result> done) {
    synchronized (unplaced) {
      unplaced.add(work);
      trouble.is(
          "dead letters of the %s can't be put into %s, and are kept: %s"
              .formatted(source, source.deadLetterQueue(), failure.getMessage()));
    }
    var unused =
        done.whenComplete(
            (result, thrown) -> {
              synchronized (unplaced) {
                unplaced.remove(work);
                if (unplaced.isEmpty()) {
                  trouble.isOver();
                }
              }
            });
  }

  /** What is wrong with dead letters, in a sentence, or null. */
  @Nullable String problem() {
    return trouble.sentence();
  }

  /** Not for the moment, but for good. */
  private static boolean isRefused(Step step, Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return !step.messages().isEmpty()
        && cause instanceof SendException refused
        && !refused.code().isTransient();
  }

  private CompletionStage<Result> settled(Work work, Step step) {
    try {
      return step.messages().isEmpty()
          ? work.delivery.settle(step.settlement())
          : settledTogether(work, step);
    } catch (RuntimeException e) { // a bug of the transport must not block the key for ever
      return CompletableFuture.failedFuture(e);
    }
  }

  private CompletionStage<Result> settledTogether(Work work, Step step) {
    long begun = System.nanoTime();
    CompletionStage<Result> stage =
        work.delivery.settleTogether(step.settlement(), step.messages());
    if (!reports.isEmpty()) {
      var unused =
          stage.whenComplete(
              (result, failure) -> reports.settled(step.messages(), begun, result, failure));
    }
    return stage;
  }

  private void later(Work work, Step step, Duration wait, CompletableFuture<Result> done) {
    Duration twice = wait.multipliedBy(2);
    Duration next = twice.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : twice;
    waiting.put(work, done);
    if (stopping) {
      giveUp(work);
      return;
    }
    try {
      var unused =
          timer.schedule(
              () -> {
                if (waiting.remove(work) != null) {
                  attempt(work, step, next, done);
                }
              },
              wait.toMillis(),
              TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) { // a caller's timer that has ended
      giveUp(work);
    }
  }
}
