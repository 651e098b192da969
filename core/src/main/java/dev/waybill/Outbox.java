package dev.waybill;

import dev.waybill.delivery.TransactionalMessageStore;
import dev.waybill.transport.Sender.Addressed;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Messages that are kept in an application's database until the broker has confirmed them
 * (Transactional Outbox): stored in the same transaction as what the application writes, and sent
 * by a running bus. Given to {@link MessageBus.Builder#outbox}.
 *
 * <p>A message may be sent more than once, always with the same id. Those of one key are sent one
 * after another, in the order in which they were stored.
 */
public interface Outbox {
  /**
   * Whether what handlers with a store send is kept here. A bus with a consumer whose store keeps
   * it elsewhere is refused at start, since nobody would send it.
   */
  boolean keepsFor(TransactionalMessageStore store);

  /**
   * Whether it was told whose messages it keeps, whatever the bus's name. One that was not is
   * refused at start by a bus without a name, since every other such bus would send the same
   * messages. By default it was not.
   */
  default boolean hasOwner() {
    return false;
  }

  /**
   * Begins to send what is kept, and what will be; called once by the bus that it was given to.
   * Returns without waiting for the first.
   */
  Dispatch start(Relay relay);

  /** What a running bus does for its outbox. Thread-safe; usable until the dispatch is closed. */
  interface Relay {
    /**
     * Whose messages the bus sends: its name and its transport's, such as {@code shop@kafka}. It is
     * the same for all instances of an application on one broker; an outbox that others share sends
     * only what is its owner's.
     */
    String owner();

    /** Where the bus's broker is, for people; never contains credentials. */
    String address();

    /**
     * A message made ready to be kept: routed, stamped, encoded, held against the transport's
     * limits.
     *
     * @throws dev.waybill.error.MessagingException if it has no route, or the transport would not
     *     take it
     */
    Addressed ready(Envelope<?> envelope);

    /**
     * Sends a message that was kept. May block for back-pressure, within the bus's send timeout;
     * not to be called on the thread that completes an earlier one.
     *
     * @return completes when the broker has confirmed it; fails with a {@link
     *     dev.waybill.error.SendException} within the send timeout
     */
    CompletableFuture<SendReceipt> send(Addressed message);
  }

  /** An outbox at work. */
  interface Dispatch extends AutoCloseable {
    /** How it stands. Asks nobody, never blocks. */
    Status status();

    /**
     * Ends sending: begins no more, and waits until what is under way has its answer. Blocks, but
     * not for a database that does not answer. Idempotent.
     */
    @Override
    void close();
  }

  /**
   * How an outbox stands, as of a few seconds ago.
   *
   * @param backlog how many messages wait to be sent, by any instance
   * @param oldest when the one was stored that has waited for longest; null if none waits
   * @param setAside how many were set aside because no broker takes them
   * @param problems what is wrong at the moment, one sentence each
   */
  record Status(long backlog, @Nullable Instant oldest, long setAside, List<String> problems) {
    /** Copies the list. */
    public Status {
      problems = List.copyOf(problems);
    }
  }
}
