package dev.waybill.internal;

import dev.waybill.Outcome;
import dev.waybill.delivery.ProcessedMessageStore;
import dev.waybill.delivery.ProcessedMessageStore.Answer;
import dev.waybill.delivery.ProcessedMessageStore.Claim;
import dev.waybill.delivery.ProcessedMessageStore.Held;
import dev.waybill.delivery.ProcessedMessageStore.Processed;
import dev.waybill.delivery.TransactionalMessageStore;
import dev.waybill.delivery.TransactionalMessageStore.Transaction;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Source;
import dev.waybill.transport.Sender.Addressed;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets each message of a consumer be handled once: claims it in a store, and completes the claim
 * when it has been handled, all on the worker's thread. A message that somebody else holds, or that
 * the store can't be asked about, waits at the head of its key and is tried again, uncounted.
 */
final class IdempotentReceiver implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(IdempotentReceiver.class);

  /** How long to wait for a claim of somebody else's, which may be completed at any moment. */
  private static final Duration LONGEST_LOOK = Duration.ofSeconds(1);

  private static final Duration SHORTEST_LOOK = Duration.ofMillis(20);

  /** How long to wait for a store that failed. */
  private static final Duration AFTER_A_FAILURE = Duration.ofSeconds(1);

  /** A handling of a message, with what it leads to. */
  interface Handling {
    /** What becomes of the message if it has been handled before. */
    Resolution handledBefore();

    /** Runs the handler and sends what it sent. */
    Resolution handle();

    /** Runs the handler in a transaction; gives what it sent. */
    List<Addressed> handle(Transaction transaction) throws Exception;

    /** What {@link #handle(Transaction)} threw is a failure of the handling. */
    Resolution failed(Throwable thrown);
  }

  /** Thrown through a transaction, which is not committed then, by a handler's own decision. */
  static final class NotAcknowledged extends RuntimeException {
    private static final long serialVersionUID = 1L;

    final transient Outcome outcome;

    NotAcknowledged(Outcome outcome) {
      super("decided: " + outcome, null, false, false);
      this.outcome = outcome;
    }
  }

  private final Source source;
  private final ProcessedMessageStore store;
  private final HeldClaims claims;
  private final Trouble trouble;

  IdempotentReceiver(
      Source source, ProcessedMessageStore store, ScheduledExecutorService timer, Clock clock) {
    this.source = source;
    this.store = store;
    this.claims = new HeldClaims(source, store, timer);
    this.trouble = new Trouble(clock);
  }

  /** Handles a message, unless it has been handled before. Blocks as long as the handler takes. */
  Resolution handle(Work work, String messageId, Handling handling) {
    return handle(
        work,
        messageId,
        handling::handledBefore,
        claim -> {
          claims.keep(claim, work);
          try {
            return store instanceof TransactionalMessageStore transactional
                ? inTransaction(work, claim, transactional, handling)
                : plainly(work, claim, handling);
          } finally {
            claims.drop(claim);
          }
        });
  }

  private Resolution handle(
      Work work,
      String messageId,
      Supplier<Resolution> handledBefore,
      Function<Claim, Resolution> claimed) {
    Answer answer;
    try {
      answer = store.claim(source.name(), messageId);
    } catch (RuntimeException e) {
      return storeFailed(work, "asked", e);
    }
    trouble.isOver();
    if (answer instanceof Processed) {
      LOG.debug("{} from the {} has been handled before", messageId, source);
      return handledBefore.get();
    }
    if (answer instanceof Held held) {
      LOG.debug("{} from the {} is being handled elsewhere", messageId, source);
      return later(work, bounded(held.expiresIn()));
    }
    return claimed.apply((Claim) answer);
  }

  /**
   * What becomes of a message that is not to be handled, unless it has been handled before. Blocks
   * as long as the store does.
   *
   * @param mayWait whether it may come again until that is known; if not, for the broker would drop
   *     it, it is as if it had not been handled
   */
  Resolution unlessHandled(Work work, String messageId, Resolution otherwise, boolean mayWait) {
    Resolution resolution =
        handle(
            work,
            messageId,
            () -> Resolution.HANDLED_BEFORE,
            claim -> {
              release(claim);
              return otherwise;
            });
    boolean isHandled = resolution.outcome() instanceof Outcome.Acknowledged;
    return mayWait || isHandled ? resolution : otherwise;
  }

  private Resolution plainly(Work work, Claim claim, Handling handling) {
    Resolution resolution = handling.handle();
    if (!(resolution.outcome() instanceof Outcome.Acknowledged)) {
      release(claim);
      return resolution;
    }
    claims.ending(claim);
    try {
      return store.complete(claim) ? resolution : lost(work, claim);
    } catch (RuntimeException e) {
      return storeFailed(work, "told that " + claim.messageId() + " has been handled", e);
    }
  }

  private Resolution inTransaction(
      Work work, Claim claim, TransactionalMessageStore transactional, Handling handling) {
    InTransaction handler = new InTransaction(handling, () -> claims.ending(claim));
    try {
      return transactional.complete(claim, handler) ? Resolution.ACKNOWLEDGED : lost(work, claim);
    } catch (Throwable e) { // also an Error must not acknowledge
      release(claim);
      Throwable failure = handler.failure;
      if (failure instanceof NotAcknowledged decided) {
        return Resolution.of(decided.outcome);
      }
      if (failure != null) {
        return handling.failed(failure);
      }
      return e instanceof MessagingException refused && refused.code() == ErrorCode.STORE_FAILED
          ? storeFailed(work, "written with what came of " + claim.messageId(), e)
          : handling.failed(e);
    }
  }

  /** Knows whether it was the handler that failed, or what is done before or after it. */
  private static final class InTransaction implements TransactionalMessageStore.Handling {
    private final Handling handling;
    private final Runnable succeeded;
    private @Nullable Throwable failure;

    InTransaction(Handling handling, Runnable succeeded) {
      this.handling = handling;
      this.succeeded = succeeded;
    }

    @Override
    public List<Addressed> handle(Transaction transaction) throws Exception {
      try {
        List<Addressed> messages = handling.handle(transaction);
        succeeded.run();
        return messages;
      } catch (Throwable e) {
        failure = e;
        throw e;
      }
    }
  }

  /** If it fails, the claim expires. */
  private void release(Claim claim) {
    claims.drop(claim); // or its renewal would miss it, and say that it was lost
    try {
      // a handler that failed may have left its thread interrupted
      Uninterrupted.run(() -> store.release(claim));
    } catch (RuntimeException e) {
      trouble.is(problem("told that a message was not handled", e));
      LOG.warn(
          "The claim of {} from the {} could not be released, and expires within {}",
          claim.messageId(),
          source,
          store.lease(),
          e);
    }
  }

  private Resolution lost(Work work, Claim claim) {
    LOG.warn(
        "{} from the {} was handled for longer than its claim was held, and elsewhere meanwhile",
        claim.messageId(),
        source);
    return later(work, SHORTEST_LOOK);
  }

  private Resolution storeFailed(Work work, String what, Throwable failure) {
    if (trouble.sentence() == null) {
      LOG.error("The store of the {} could not be {}", source, what, failure);
    }
    trouble.is(problem(what, failure));
    work.postpone();
    return Resolution.postponed(AFTER_A_FAILURE, failure);
  }

  private String problem(String what, Throwable failure) {
    return "the store of handled messages of the %s can't be %s: %s"
        .formatted(source, what, Evidence.messageOf(failure));
  }

  private static Resolution later(Work work, Duration wait) {
    work.postpone();
    return Resolution.postponed(wait, null);
  }

  private static Duration bounded(Duration wait) {
    if (wait.compareTo(LONGEST_LOOK) > 0) {
      return LONGEST_LOOK;
    }
    return wait.compareTo(SHORTEST_LOOK) < 0 ? SHORTEST_LOOK : wait;
  }

  /** What is wrong with the store, in a sentence, or null. */
  @Nullable String problem() {
    return trouble.sentence();
  }

  /** When nothing is handled any more. */
  @Override
  public void close() {
    claims.close();
  }
}
