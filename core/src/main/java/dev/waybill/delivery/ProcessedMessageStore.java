package dev.waybill.delivery;

import java.time.Duration;

/**
 * Remembers which messages a consumer has handled, so that each takes effect once however often it
 * is delivered (Enterprise Integration Patterns: Idempotent Receiver). A consumer uses one with
 * {@link DeliveryGuarantee#EXACTLY_ONCE} and {@code ConsumerSpec.idempotent}; all instances of an
 * application use the same.
 *
 * <p>A message is known by its source (the queue, or the subscription, each of which handles it for
 * itself) and its identity. Its way: {@link #claim claimed}, then {@link #complete completed} when
 * it has been handled, or {@link #release released} when that has failed. A claim is held for
 * {@link #lease()} and renewed while the message is being handled; that of a process that died
 * expires, and the message can be claimed again. What is completed is remembered for {@link
 * #retention()}.
 *
 * <p>Every method is called concurrently, on threads that may block. Any may throw a {@link
 * RuntimeException} if the store can't be asked: the message is then not handled, or not settled,
 * and tried again later; that is no attempt, and is seen in {@code bus.health()}. Whether a store
 * is one is proved by the test kit's {@code ProcessedMessageStoreContract}.
 */
public interface ProcessedMessageStore {
  /**
   * Claims a message, if nobody has done so: of all callers at the same moment one gets it.
   *
   * @param source the name of the queue or subscription, such as {@code orders.billing}
   * @param messageId the message's identity, at most {@value #MAX_ID_LENGTH} characters, none of
   *     them NUL or half of a surrogate pair
   * @return at once, whatever becomes of a claim that somebody else holds
   */
  Answer claim(String source, String messageId);

  /**
   * Holds a claim for another {@link #lease()}.
   *
   * @return false if it is not held any more: it has expired, and somebody else has the message
   */
  boolean renew(Claim claim);

  /**
   * Remembers that the message has been handled.
   *
   * @return false if the claim is not held any more, and nothing was changed: somebody else has the
   *     message
   */
  boolean complete(Claim claim);

  /**
   * Gives a claim up, so that the message can be claimed again; does nothing if it is not held any
   * more.
   */
  void release(Claim claim);

  /** How long a claim is held without renewal; positive, always the same. */
  Duration lease();

  /** How long a completed message is remembered; longer than the lease, always the same. */
  Duration retention();

  /** No identity is longer. */
  int MAX_ID_LENGTH = 255;

  /** What a store says to somebody who wants to handle a message. */
  sealed interface Answer {}

  /**
   * The message is the caller's to handle.
   *
   * @param source as it was asked for
   * @param messageId as it was asked for
   * @param token tells this claim from every other one of the same message
   */
  record Claim(String source, String messageId, String token) implements Answer {}

  /** The message has been handled, and must not be again. */
  record Processed() implements Answer {}

  /**
   * Somebody else is handling the message.
   *
   * @param expiresIn when the claim expires unless it is renewed; zero or more
   */
  record Held(Duration expiresIn) implements Answer {}
}
