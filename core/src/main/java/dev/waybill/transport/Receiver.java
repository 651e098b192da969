package dev.waybill.transport;

import dev.waybill.error.MessagingException;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Receives from one source, until closed. Begins receiving when it is made by {@link
 * TransportConnection#receive}. Never has more than the given number of deliveries unsettled: a
 * settlement (or loss) gives one credit back.
 *
 * <p>Recovers by itself, with a backoff, from lost connections and passing errors, and reports each
 * to its listener. All methods may be called from any thread.
 */
public interface Receiver extends AutoCloseable {
  /**
   * Takes what a receiver receives. Called by one thread at a time: one of the transport's, or,
   * where sender and receiver are in one process, one that sends or settles.
   */
  interface Listener {
    /** A message has arrived. Must not block and must not throw. In the broker's order per key. */
    void delivered(Delivery delivery);

    /**
     * Several messages have arrived, as if each had by itself, in this order. For a transport that
     * gets them by the batch: to hand them over together costs less. They are one hand-over, all of
     * which the listener has had when this returns, whoever stops the receiver meanwhile. The list
     * is the transport's, and may change then.
     */
    default void delivered(List<? extends Delivery> deliveries) {
      deliveries.forEach(this::delivered);
    }

    /**
     * Receiving is disturbed: the connection is lost, the broker refuses. The receiver goes on
     * trying; one call per change of state, not per attempt.
     */
    void failed(MessagingException problem);

    /** Receiving works again after {@link #failed}. */
    void recovered();

    /**
     * The broker has deleted messages before they were received, and nobody will get them any more.
     * Receiving works all the same; one call per loss that is found. By default nothing.
     */
    default void lost(MessagingException loss) {}

    /**
     * The broker has not stored, or may not have, that deliveries were settled whose settlement was
     * {@link Settlement.Result#SETTLED}: their messages may come again. For a transport that tells
     * the broker later, has an answer, and got a bad one or none, or has lost the ownership before
     * it could tell; in a {@link Receiver#close} before its end. Not of deliveries that were open
     * when the ownership was lost. Receiving is not disturbed by it. By default nothing.
     */
    default void forgotten(MessagingException problem) {}
  }

  /**
   * What a receiver knows of its work, for people and their dashboards; whoever decides by it comes
   * too late. Every value is of its own moment.
   *
   * @param backlog how many messages of what it owns are not settled yet, here or on the broker;
   *     null if it does not know
   * @param asOf when it learned of the backlog; null if it does not know
   * @param owned which parts of the source it alone receives from, in the broker's words ({@code
   *     orders-3}); empty where a source has no parts, or none is its own
   * @param waiting how many messages it has fetched and not delivered: for want of credit, behind
   *     one of their key, or until they are due
   * @param settledAhead how many messages are settled though an earlier one is not
   * @param waitingKeys how many keys, or messages without one, wait in the receiver for the time of
   *     their first message; every message where there is no order by key; none where all waits are
   *     the library's or the broker's
   */
  record Status(
      @Nullable Long backlog,
      @Nullable Instant asOf,
      List<String> owned,
      int waiting,
      int settledAhead,
      int waitingKeys) {
    /** Of a receiver that knows nothing. */
    public static final Status UNKNOWN = new Status(null, null, List.of(), 0, 0);

    /** Of a receiver that keeps nothing until its time. */
    public Status(
        @Nullable Long backlog,
        @Nullable Instant asOf,
        List<String> owned,
        int waiting,
        int settledAhead) {
      this(backlog, asOf, owned, waiting, settledAhead, 0);
    }

    /** Copies the list. */
    public Status {
      owned = List.copyOf(owned);
    }
  }

  /**
   * What it knows of its work. Never blocks and asks no broker: gives the last that is known, with
   * its time. Allowed after close.
   */
  default Status status() {
    return Status.UNKNOWN;
  }

  /**
   * No new delivery from soon on (those on their way still arrive); open ones stay open and owned,
   * and connection or group membership is kept; a receiver may leave a group whose members share a
   * queue's messages meanwhile, once nothing is open. Idempotent.
   */
  void pause();

  /** Receives again after {@link #pause}. Idempotent. */
  void resume();

  /**
   * Ends receiving for good: after the return nothing is delivered any more. Open deliveries stay
   * owned and can be settled until {@link #close}. Blocks at most a second or two. Idempotent.
   */
  void stop();

  /**
   * Stops, finishes settlements that were begun, releases what is still open so that other
   * instances get it soon, and gives everything back: thread, group membership, channel. Blocks up
   * to about five seconds. Later settlements are {@link Settlement.Result#NOT_OWNED}. Idempotent;
   * never throws for a broker that is gone.
   */
  @Override
  void close();
}
