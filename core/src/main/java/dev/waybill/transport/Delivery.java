package dev.waybill.transport;

import java.util.concurrent.CompletionStage;

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
   * Whether this instance still owns the message. False once the lease, the partition assignment or
   * the connection it came with is lost; then never true again. Whoever came with a lost one of the
   * same key, behind it, is lost with it. After a settlement it has no meaning.
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
   * Renews the lease, so that the broker does not deliver the message elsewhere; never blocks. Does
   * nothing where {@link Capabilities#leaseDuration()} is null. A lease that can't be renewed
   * because it is lost turns {@link #isOwned()} false; a failure that may pass is left to the next
   * call. Does nothing by default.
   *
   * @throws dev.waybill.error.MessagingException if it could not be renewed; that is logged
   */
  default void renewLease() {}
}
