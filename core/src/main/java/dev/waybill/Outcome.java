package dev.waybill;

import java.time.Duration;
import java.util.Objects;

/**
 * What is decided over a message: by a handler through its {@link HandlerContext}, by the {@link
 * dev.waybill.delivery.FailurePolicy} for a handler that throws, or by the library for a message
 * that can't be handled. An {@link Interceptor} sees it, and may return another. The native
 * effects: {@link dev.waybill.transport.Settlement}.
 */
@CheckReturnValue
public sealed interface Outcome {
  /** Handled; the message is done with. */
  record Acknowledged() implements Outcome {
    private static final Acknowledged INSTANCE = new Acknowledged();
  }

  /**
   * Handled again, not before {@code after}; the attempt counts. Later messages of the same key
   * wait.
   *
   * @param after not negative; zero is at once
   */
  record Retried(Duration after) implements Outcome {
    /** Checks the wait. */
    public Retried {
      if (after.isNegative()) {
        throw new IllegalArgumentException("a retry after " + after + ": give zero or more");
      }
    }
  }

  /**
   * Put into the source's dead-letter queue with its evidence; done with once that has confirmed
   * it.
   *
   * @param reason why, in words, for the evidence
   */
  record DeadLettered(String reason) implements Outcome {
    /** Checks that there is a reason. */
    public DeadLettered {
      Objects.requireNonNull(reason, "reason");
    }
  }

  /**
   * Dropped by decision, with a warning in the log; the message is done with.
   *
   * @param reason why, in words, for the log
   */
  record Discarded(String reason) implements Outcome {
    /** Checks that there is a reason. */
    public Discarded {
      Objects.requireNonNull(reason, "reason");
    }
  }

  /** Handled. */
  static Outcome acknowledged() {
    return Acknowledged.INSTANCE;
  }

  /** To be handled again, not before {@code after}. */
  static Outcome retryAfter(Duration after) {
    return new Retried(after);
  }

  /** To the dead-letter queue. */
  static Outcome deadLetter(String reason) {
    return new DeadLettered(reason);
  }

  /** Dropped. */
  static Outcome discard(String reason) {
    return new Discarded(reason);
  }
}
