package dev.waybill;

/**
 * Handles messages of one class. A return acknowledges, unless the handler has decided otherwise
 * through its {@linkplain HandlerContext#retryAfter context}; whatever is thrown goes to the
 * consumer's {@link dev.waybill.delivery.FailurePolicy}.
 *
 * <p>What a lambda's expression returns is dropped: work that goes on after the return belongs into
 * an {@link AsyncHandler}, and what is sent into the context rather than the bus.
 *
 * <p>Called on a thread of the consumer, up to its concurrency at a time, never twice at a time for
 * one key. May block. When the bus stops impatiently the thread is interrupted.
 *
 * @param <E> the envelope: {@code Command<T>}, {@code Event<T>} or {@code Document<T>}
 */
@FunctionalInterface
public interface Handler<E extends Envelope<?>> {
  /** Handles one message. */
  void handle(E envelope, HandlerContext context) throws Exception;
}
