package dev.waybill.transport;

import dev.waybill.error.MessagingException;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One received message, owned by this instance until it is settled or lost. Handed to a {@link
 * Receiver.Listener}; every method may be called from any thread.
 */
public interface Delivery {
  /** The message, as read; the same object on each call. */
  WireMessage message();

  /**
   * What the broker calls this message, for people and for the identity of messages that carry no
   * id: {@code orders-0@42} (Kafka topic-partition@offset), SQS message id. Stable over
   * redeliveries where the broker allows it.
   */
  String brokerId();

  /**
   * Which attempt this delivery is, from 1. Native where the broker counts (SQS receive count,
   * quorum queue delivery count), carried where the transport can, else 1; {@link
   * Capabilities.Feature#ATTEMPTS} says which. By default 1.
   */
  default int attempt() {
    return 1;
  }

  /**
   * Whether the broker would give up on the message if this delivery were lost, or soon after: it
   * counts deliveries and allows no more. The library then does not handle the message, which might
   * end the process once more, but dead-letters it with that reason. False where the broker
   * delivers as often as it takes.
   */
  default boolean isLastAllowed() {
    return false;
  }

  /**
   * What kept the transport from reading the message; null if nothing did. The library then does
   * not handle it, but dead-letters it for that reason. {@link #message()} has of it what there is
   * without reading: the bytes of the body, and what the broker keeps its order by. The failure
   * names no part of the message. By default null.
   */
  default @Nullable MessagingException readFailure() {
    return null;
  }

  /**
   * Whether this instance still owns the message. False once the lease, the partition assignment or
   * the connection it came with is lost; then never true again. Whoever came with a lost one of the
   * same key, behind it, is lost with it. After a settlement it has no meaning, but for one that
   * was not carried out: then it still says this.
   */
  boolean isOwned();

  /**
   * Settles the delivery; never blocks. A call after a settlement that completed normally, or was
   * begun and is not yet completed, changes nothing and returns the first one's stage; after a
   * failed one it tries anew.
   *
   * @return completes with what became of it; fails with a {@link
   *     dev.waybill.error.MessagingException} if it could not be done, and then the message is
   *     kept. Completes on a transport's thread; dependents must not block.
   */
  CompletionStage<Settlement.Result> settle(Settlement settlement);

  /**
   * Stores messages and settles the delivery, together or not at all; never blocks. Called only for
   * deliveries of {@link TransportConnection#receiveAtomically}, where {@link #settle} is the same
   * without messages; otherwise like that.
   *
   * <p>The transport repeats what provably did nothing, for as long as the delivery is owned. It
   * never lets the caller be in doubt: if it can't know whether the broker has stored it all, it
   * gives the delivery up and completes as {@code NOT_OWNED}, and the message comes again only if
   * nothing was stored. A message to a {@link dev.waybill.routing.ReplyQueue} that is gone is
   * dropped, and the rest is done.
   *
   * @param settlement an acceptance or a rejection
   * @param messages as for {@link Sender#send}, in the order in which they are stored; may be empty
   * @return completes with what became of all of it; fails with a {@link
   *     dev.waybill.error.SendException}, certainly rejected, if one of the messages can't be
   *     stored, or with a {@link dev.waybill.error.MessagingException} as for {@link #settle}.
   *     Nothing was stored then, and the delivery is still open
   */
  default CompletionStage<Settlement.Result> settleTogether(
      Settlement settlement, List<Sender.Addressed> messages) {
    throw new UnsupportedOperationException(
        "ATOMIC_SETTLEMENT is declared native, and not implemented");
  }

  /**
   * Renews the lease, so that the broker does not deliver the message elsewhere; never blocks. Does
   * nothing where {@link Capabilities#leaseDuration()} is null. A lease that can't be renewed
   * because it is lost turns {@link #isOwned()} false; a failure that may pass is left to the next
   * call. Does nothing by default.
   *
   * @throws dev.waybill.error.MessagingException if it could not be renewed; that is logged
   */
  default void renewLease() {}
}
