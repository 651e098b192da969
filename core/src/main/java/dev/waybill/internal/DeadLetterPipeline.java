package dev.waybill.internal;

import dev.waybill.DeadLetter;
import dev.waybill.Outcome;
import dev.waybill.internal.BusPlan.DeadLetterPlan;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands dead letters to their taker. One that can't be taken stays: it comes again after waits that
 * grow, and never becomes a dead letter of its own.
 */
final class DeadLetterPipeline implements Pipeline {
  private static final Logger LOG = LoggerFactory.getLogger(DeadLetterPipeline.class);

  private static final Duration FIRST_WAIT = Duration.ofSeconds(1);

  /** Long enough not to fill the log, short enough not to be taken for dead after a repair. */
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(1);

  private final DeadLetterPlan plan;

  DeadLetterPipeline(DeadLetterPlan plan) {
    this.plan = plan;
  }

  @Override
  public CompletionStage<Resolution> handle(Work work) {
    DeadLetter deadLetter = Evidence.read(work.delivery);
    work.begin();
    try {
      plan.handler().handle(deadLetter);
      return CompletableFuture.completedFuture(Resolution.ACKNOWLEDGED);
    } catch (Throwable e) { // also an Error must not lose a dead letter
      Duration wait = waitBefore(work.attempt());
      LOG.warn("{} could not be taken, again after {}", deadLetter, wait, e);
      return CompletableFuture.completedFuture(new Resolution(Outcome.retryAfter(wait), e));
    }
  }

  private static Duration waitBefore(int attempt) {
    Duration wait = FIRST_WAIT.multipliedBy(1L << Math.min(attempt - 1, 10));
    return wait.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : wait;
  }
}
