package dev.waybill;

/**
 * Handles messages of one class. A return acknowledges; whatever is thrown goes to the consumer's
 * {@link dev.waybill.delivery.FailurePolicy}.
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
