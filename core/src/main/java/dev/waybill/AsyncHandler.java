package dev.waybill;

import java.util.concurrent.CompletionStage;

/**
 * Begins to handle messages of one class. The message stays open, counts against the concurrency,
 * and holds its key until the stage completes: normally, which acknowledges unless the handler has
 * decided otherwise through its {@linkplain HandlerContext#retryAfter context}, or with a failure,
 * which goes to the {@link dev.waybill.delivery.FailurePolicy}. The stage's value does not matter,
 * but an {@link Outcome} or another stage, which would be lost, is a failure.
 *
 * <p>The call itself is made on a thread of the consumer; the stage may complete on any thread.
 *
 * @param <E> the envelope: {@code Command<T>}, {@code Event<T>} or {@code Document<T>}
 */
@FunctionalInterface
public interface AsyncHandler<E extends Envelope<?>> {
  /**
   * Begins to handle one message.
   *
   * @return not null
   */
  CompletionStage<?> handle(E envelope, HandlerContext context) throws Exception;
}
