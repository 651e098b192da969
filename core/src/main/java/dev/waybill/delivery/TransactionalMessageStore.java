package dev.waybill.delivery;

import dev.waybill.transport.Sender.Addressed;
import java.util.List;
import java.util.Optional;

/**
 * A store in the database that handlers write to: that a message has been handled, what its handler
 * has written, and what it sends are committed together, or nothing is.
 *
 * <p>What the handler sends is kept beside the mark, and somebody has to send it from there: the
 * bus needs the store's {@code Outbox}, which {@code MessageBus.Builder.outbox} takes.
 */
public interface TransactionalMessageStore extends ProcessedMessageStore {
  /**
   * Handles a message in a transaction: begins it, calls {@code handling} once on the same thread,
   * keeps what that returns to be sent later, marks the message as handled, and commits.
   *
   * @return false if the claim is not held any more: nothing is committed, somebody else has the
   *     message
   * @throws dev.waybill.error.MessagingException with code {@code STORE_FAILED} if the store could
   *     not be used, or gave the transaction up because of others (a deadlock, a serialization
   *     failure): the message is kept and tried again, and that is no attempt. Nothing is
   *     committed, except that it may be open whether a commit that was under way came through
   * @throws Exception what {@code handling} threw; or whatever else keeps this message from being
   *     committed (a constraint that the handler's writes break, a value that the database does not
   *     take), which is a failure of the handling: the failure policy decides. Nothing is committed
   */
  boolean complete(Claim claim, Handling handling) throws Exception;

  /** What is done in the transaction. */
  @FunctionalInterface
  interface Handling {
    /** Handles the message; returns what is to be sent if the transaction is committed. */
    List<Addressed> handle(Transaction transaction) throws Exception;
  }

  /** The transaction, as handlers see it. */
  @FunctionalInterface
  interface Transaction {
    /** What the transaction is done with, such as a {@code java.sql.Connection}. */
    <T> Optional<T> unwrap(Class<T> type);
  }
}
