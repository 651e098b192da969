package dev.waybill;

import dev.waybill.routing.Source;
import java.time.Duration;

/**
 * What a handler may know and do about the message in its hands. Valid until the handler is done;
 * what it sends afterwards is an {@link IllegalStateException}. May be used from any thread.
 *
 * <p>What is sent here leaves only when the handler has succeeded, before its message is settled;
 * if it fails, nothing leaves. It carries the correlation id on, has the handled message as its
 * cause, and continues the trace ({@code traceparent}, {@code tracestate}) of the handled message,
 * or the one that was given to {@link #carry}; a message with a {@code traceparent} of its own has
 * neither's {@code tracestate}. What is sent as a plain record has an id derived from the handled
 * message's id, the source and its place in the order of sends: handling the message again sends
 * the same messages again, and not others. An envelope keeps the id that it has. What is sent
 * through the {@link MessageBus} leaves at once.
 *
 * <p>A handler that returns acknowledges, unless it has said here that the message is to come
 * again, is a dead letter, or is to be dropped. It says so once, then returns: nothing that it has
 * sent here leaves, its transaction is rolled back, and to send more, or to decide again, is an
 * {@link IllegalStateException}. If it throws after all, it has failed, whatever it has decided.
 * Interceptors decide by what they return, not here. At-most-once the message is settled before it
 * is handled: to decide has no effect then but a line in the log.
 */
public interface HandlerContext {
  /** Where the message was received from. */
  Source source();

  /** Which attempt this is, from 1. */
  int attempt();

  /**
   * Whether this is a dead letter that was put back on purpose, by a {@link
   * dev.waybill.deadletter.DeadLetterBatch}; also when it is tried again.
   */
  boolean isReplay();

  /** The broker's own name for the message. */
  String brokerId();

  /**
   * Whether the message is no longer ours: its lease, partition or connection is lost, and it will
   * be, or is being, handled elsewhere. What the handler decides has no effect any more; a long one
   * should stop.
   */
  boolean isOwnershipLost();

  /**
   * What the transaction is done with that this handling is part of, such as a {@code
   * java.sql.Connection}: the handler's own writes through it, what it sends here, and that the
   * message has been handled are committed together after the handler has succeeded, or nothing is.
   * Not to be committed, rolled back or closed by the handler, nor used after it.
   *
   * @throws IllegalStateException if the consumer has no {@linkplain
   *     dev.waybill.delivery.TransactionalMessageStore transactional store}, or that has nothing of
   *     this type
   */
  <T> T transaction(Class<T> type);

  /**
   * Decides that the message is handled again, not before {@code after}; the attempt counts. Later
   * messages of the same key wait. The failure policy has no say in it, and nothing else bounds how
   * often: each time is a line in the log at INFO.
   *
   * @param after not negative; zero is at once
   * @throws IllegalArgumentException if it is negative
   * @throws IllegalStateException if the handler has decided already, or is done
   */
  void retryAfter(Duration after);

  /**
   * Decides that the message is put into the source's dead-letter queue with its evidence, without
   * further attempts; see {@link #retryAfter}.
   *
   * @param reason why, in words, for the evidence
   */
  void deadLetter(String reason);

  /**
   * Decides that the message is dropped, with a warning in the log; see {@link #retryAfter}.
   *
   * @param reason why, in words, for the log
   */
  void discard(String reason);

  /**
   * What is sent or replied here from now on has this header, unless it has one of that name by
   * itself: how an interceptor, before it goes on, hands over to what its handler sends the span
   * that the handling is, a tenant, or baggage. The last of a name counts. With a {@code
   * traceparent}, the {@code tracestate} of the handled message goes with it no more; nor does what
   * is carried of that go with a message that has a {@code traceparent} of its own.
   *
   * @param name as of {@link Metadata#withHeader}; one that can't travel fails what is sent
   * @throws IllegalStateException if the handler has decided already, or is done
   */
  void carry(String name, String value);

  /**
   * Sends a command after success.
   *
   * @throws dev.waybill.error.MessagingException at once if there is no route for it or the verb
   *     does not fit
   */
  void send(Command<?> command);

  /** Sends a plain payload as a command after success; see {@link #send(Command)}. */
  void send(Record command);

  /** Publishes an event after success; see {@link #send(Command)}. */
  void publish(Event<?> event);

  /** Publishes a plain payload as an event after success; see {@link #send(Command)}. */
  void publish(Record event);

  /** Transfers a document after success; see {@link #send(Command)}. */
  void transfer(Document<?> document);

  /** Transfers a plain payload as a document after success; see {@link #send(Command)}. */
  void transfer(Record document);

  /**
   * Replies to whoever {@linkplain MessageBus#request requested} this, after success like {@link
   * #send(Command)}; does nothing if nobody waits for a reply, because the command was only sent.
   *
   * @param payload of a class that the routes name with {@link
   *     dev.waybill.routing.Routes.Definition#reply}
   * @throws dev.waybill.error.MessagingException at once if they don't
   * @throws IllegalStateException if this handler has replied already
   */
  void reply(Record payload);
}
