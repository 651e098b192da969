package dev.waybill.internal;

import dev.waybill.Envelope;
import dev.waybill.Metadata;
import dev.waybill.Outcome;
import dev.waybill.delivery.DeliveryGuarantee;
import dev.waybill.delivery.FailurePolicy;
import dev.waybill.internal.BusPlan.ConsumerPlan;
import java.io.PrintWriter;
import java.io.Writer;
import java.time.Clock;
import java.time.Instant;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a consumer makes of messages whose handling has failed, as its failure policy and guarantee
 * say.
 */
record Failures(ConsumerPlan consumer, Clock clock) {
  private static final Logger LOG = LoggerFactory.getLogger(Failures.class);

  /** What becomes of a message whose handling, or what it led to, has failed. */
  Resolution failed(Work work, Envelope<?> envelope, Throwable thrown) {
    return failed(work, envelope, envelope.metadata(), thrown);
  }

  /**
   * What becomes of a message after a failure.
   *
   * @param what it is, for the log
   * @param metadata its own, if it could be read
   */
  Resolution failed(Work work, Object what, @Nullable Metadata metadata, Throwable thrown) {
    Instant now = clock.instant();
    work.failed(now);
    Throwable failure = readable(thrown);
    if (consumer.guarantee() == DeliveryGuarantee.AT_MOST_ONCE) {
      LOG.warn(
          "{} from the {} failed, and is lost: at-most-once", what, consumer.source(), failure);
      return new Resolution(Outcome.discard("failed under at-most-once"), failure);
    }
    FailurePolicy.Decision decision = consumer.policy().decide(thrown, work.attempt());
    String attempt = "attempt " + work.attempt() + " failed";
    if (decision.verdict() == FailurePolicy.Verdict.RETRY
        && metadata != null
        && Replies.isTooLate(metadata, now, decision.after())) {
      decision = consumer.policy().decide(thrown, consumer.policy().attempts());
      attempt += ", and the request would have expired at the next";
    }
    return switch (decision.verdict()) {
      case RETRY -> {
        LOG.info(
            "{} from the {}: {}, again {}: {}",
            what,
            consumer.source(),
            attempt,
            decision.after().isZero() ? "at once" : "after " + decision.after(),
            failure.toString());
        yield new Resolution(Outcome.retryAfter(decision.after()), failure);
      }
      case DEAD_LETTER -> new Resolution(Outcome.deadLetter(attempt), failure);
      case DISCARD -> new Resolution(Outcome.discard(attempt), failure);
    };
  }

  /**
   * An application's exception, or a cause of it, may fail to say its message, and would break logs
   * and evidence.
   */
  private static Throwable readable(Throwable thrown) {
    try {
      thrown.printStackTrace(new PrintWriter(Writer.nullWriter()));
      var unused = thrown.getMessage();
      return thrown;
    } catch (RuntimeException | StackOverflowError e) {
      return new IllegalStateException(
          thrown.getClass().getName() + " can't say its message: " + e.getClass().getName());
    }
  }

  static Throwable unwrapped(Throwable failure) {
    Throwable cause = failure;
    while ((cause instanceof CompletionException || cause instanceof ExecutionException)
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }
}
