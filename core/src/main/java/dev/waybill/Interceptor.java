package dev.waybill;

import dev.waybill.routing.Channel;
import java.util.concurrent.CompletionStage;

/**
 * Stands in the way of every message of a bus: for logging, tenants, tracing, authorisation.
 * Interceptors are called in the order in which they were added; each may change what is sent, and
 * what becomes of what is handled, or stop either by throwing. Called from many threads at once;
 * must not block on the way out.
 */
public interface Interceptor {
  /**
   * Called with each envelope before it is stamped, encoded and sent.
   *
   * @return the envelope to go on with: of the same payload class and kind; of a request also with
   *     the same id and reply address
   * @throws RuntimeException if it is not to be sent; the send fails as rejected, with it as the
   *     cause
   */
  default Envelope<?> outgoing(Envelope<?> envelope, Channel channel) {
    return envelope;
  }

  /**
   * Called with each envelope that is to be handled, around the handler and the interceptors behind
   * this one.
   *
   * @param next goes on; called once or not at all
   * @return what becomes of the message; a failure goes to the failure policy
   */
  default CompletionStage<Outcome> incoming(Envelope<?> envelope, HandlerContext context, Next next)
      throws Exception {
    return next.proceed();
  }

  /** The rest of the way to the handler. */
  @FunctionalInterface
  interface Next {
    /** Goes on to the next interceptor, or the handler. */
    @CheckReturnValue
    CompletionStage<Outcome> proceed() throws Exception;
  }
}
