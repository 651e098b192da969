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
   * @throws Exception what {@code handling} threw, as it is, or that the store failed; nothing is
   *     committed then, except that a failure of the commit itself may leave it open whether it is
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
