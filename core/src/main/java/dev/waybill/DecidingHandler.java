package dev.waybill;

/**
 * Handles messages of one class and decides what becomes of each. Otherwise as {@link Handler}.
 *
 * @param <E> the envelope: {@code Command<T>}, {@code Event<T>} or {@code Document<T>}
 */
@FunctionalInterface
public interface DecidingHandler<E extends Envelope<?>> {
  /**
   * Handles one message.
   *
   * @return not null
   */
  Outcome decide(E envelope, HandlerContext context) throws Exception;
}
