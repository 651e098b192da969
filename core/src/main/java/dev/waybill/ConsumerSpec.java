package dev.waybill;

import dev.waybill.delivery.DeliveryGuarantee;
import dev.waybill.delivery.FailurePolicy;
import dev.waybill.delivery.ProcessedMessageStore;

/**
 * Describes one consumer of a queue or subscription: its handlers and what it needs. Given to the
 * lambda of {@link MessageBus.Builder#consume} and {@link MessageBus.Builder#subscribe}; not to be
 * kept, not thread-safe.
 *
 * <p>Each class routed to the channel needs a handler, or has to be named in {@link #ignoring};
 * anything else is an error at start. Two forms of handler for each kind: {@code onX} is done when
 * it returns, {@code onXAsync} returns a stage and is done when that completes. Both acknowledge by
 * that, unless they decide otherwise through their {@link HandlerContext}.
 *
 * <p>Defaults: at-least-once, {@link FailurePolicy#standard()}, concurrency {@value
 * #DEFAULT_CONCURRENCY}, at most {@value #DEFAULT_MAX_UNSETTLED} unsettled (or the concurrency, if
 * larger), expired messages to the dead-letter queue, platform threads.
 */
public interface ConsumerSpec {
  /** How many handlers run at a time unless said otherwise. */
  int DEFAULT_CONCURRENCY = 8;

  /**
   * How many messages are open at a time unless said otherwise. Fewer than the concurrency starves
   * handlers; many more hoard messages that other instances could handle, and are all delivered
   * again after a crash.
   */
  int DEFAULT_MAX_UNSETTLED = 100;

  /** Handles commands of a class. */
  <T> ConsumerSpec onCommand(Class<T> type, Handler<Command<T>> handler);

  /** Handles commands of a class asynchronously. */
  <T> ConsumerSpec onCommandAsync(Class<T> type, AsyncHandler<Command<T>> handler);

  /** Handles events of a class. */
  <T> ConsumerSpec onEvent(Class<T> type, Handler<Event<T>> handler);

  /** Handles events of a class asynchronously. */
  <T> ConsumerSpec onEventAsync(Class<T> type, AsyncHandler<Event<T>> handler);

  /** Handles documents of a class. */
  <T> ConsumerSpec onDocument(Class<T> type, Handler<Document<T>> handler);

  /** Handles documents of a class asynchronously. */
  <T> ConsumerSpec onDocumentAsync(Class<T> type, AsyncHandler<Document<T>> handler);

  /**
   * Acknowledges messages of these classes unseen, expired ones as well: they travel on the
   * channel, and this consumer has no use for them.
   */
  ConsumerSpec ignoring(Class<?>... types);

  /** What is promised of each delivery. */
  ConsumerSpec guarantee(DeliveryGuarantee guarantee);

  /**
   * Remembers in a store which messages have been handled: the means of {@link
   * DeliveryGuarantee#EXACTLY_ONCE} that every transport serves; without it exactly-once needs a
   * transport that stores messages and settles together. Goes with that guarantee alone. All
   * instances of the application give the same store.
   *
   * <p>A worker's thread waits for each handling here, also where the handler is asynchronous.
   */
  ConsumerSpec idempotent(ProcessedMessageStore store);

  /** What happens when a handler fails. Not together with at-most-once, which has no retries. */
  ConsumerSpec onFailure(FailurePolicy policy);

  /** Discards expired messages, with a line in the log, instead of dead-lettering them. */
  ConsumerSpec discardExpired();

  /**
   * How many handlers may run at a time, at least 1; for asynchronous ones: how many stages may be
   * open.
   */
  ConsumerSpec concurrency(int handlers);

  /**
   * How many messages may be open at a time: running, waiting for their turn, or for a retry where
   * the transport does not keep it; at least the concurrency.
   */
  ConsumerSpec maxUnsettled(int messages);

  /** Runs handlers on virtual threads. Needs Java 21 or later, else refused at start. */
  ConsumerSpec virtualThreads();
}
