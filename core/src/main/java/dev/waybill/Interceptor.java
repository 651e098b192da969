package dev.waybill;

import dev.waybill.routing.Channel;
import java.util.concurrent.CompletionStage;

/**
 * Stands in the way of every message of a bus: for logging, tenants, tracing, authorisation.
 * Interceptors are called in the order in which they were added; each may change what is sent, and
 * what becomes of what is handled, or stop either by throwing; each is told what became of what was
 * sent, and what was decided over what was received. Called from many threads at once; must not
 * block on the way out.
 */
public interface Interceptor {
  /**
   * Called with each envelope before it is stamped, encoded and sent, on the thread of whoever
   * sends. What a handler sends through its context comes here after the handler, on its thread or
   * one of the bus, where what was current around the handler is so no more; what {@link
   * HandlerContext#carry} was given is among its headers.
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
   * Called when a send has its answer, or has failed before it could be asked for one: for spans of
   * producers, and for counters. A span can be made whole here: it ended now, began {@link
   * SendResult#took} ago, and belongs to the trace in the metadata's headers, where {@link
   * #outgoing} has put it.
   *
   * <p>Called for each send through the bus, requests included; for what handlers send and reply,
   * when that leaves; for what an outbox has kept, when and where it is sent, which may be later
   * and in another process. What is stored by an outbox or with a settlement is told each time that
   * is tried. Not called for what was not begun because another send of the same handler failed,
   * for what has no route or meets a closed bus, nor for dead letters.
   *
   * <p>Called on the thread on which the send's future completes then: a transport's, a thread of
   * the bus, or the caller's; must not block. What it throws is logged, and changes nothing.
   */
  default void sent(SendResult result) {}

  /**
   * Called with each envelope that is to be handled, around the handler and the interceptors behind
   * this one, on the handler's thread: what is made current here, such as a span, is current there.
   * How long {@code next} takes, until its stage completes, is how long the handler does; what that
   * has sent is confirmed, and its message settled, later.
   *
   * @param next goes on; called once or not at all
   * @return what becomes of the message; a failure goes to the failure policy
   */
  default CompletionStage<Outcome> incoming(Envelope<?> envelope, HandlerContext context, Next next)
      throws Exception {
    return next.proceed();
  }

  /**
   * Called when it is decided what becomes of a message that was received, before that is carried
   * out: for counters of retries and dead letters, and for the spans of what {@link #incoming}
   * began or never saw. It is the last word: after all interceptors, what the handler sent, the
   * {@link dev.waybill.delivery.FailurePolicy} and the guarantee. Nothing can be changed here.
   *
   * <p>With exactly-once by the broker, where what a handler sent is stored together with the
   * settlement, that a message is acknowledged is told when it is stored: if it can't be, what is
   * decided then is told instead, and if the message was lost meanwhile, that it is postponed.
   *
   * <p>Called once for each attempt, handled or not, see {@link AttemptResult.Handling}, and each
   * time that one is postponed. So whatever came to {@code incoming} comes here, unless its handler
   * never ends. Called a second time for the same attempt, with another outcome, only if the
   * library itself fails to carry out the first. Else what the broker has delivered to somebody
   * else meanwhile is told all the same, and comes again; the same attempt may be told by two
   * instances.
   *
   * <p>At-most-once accepts a message before it is handled: one that fails then is told as
   * discarded, and so is one that a handler wants to have retried or dead-lettered. Not called for
   * what is given back before anything is decided: not begun when the bus closes, lost before it is
   * handled, or not accepted under at-most-once. Nor for replies, nor for dead letters, which
   * {@code consumeDeadLetters} or a desk takes.
   *
   * <p>Called on the thread that decides: the handler's, one of the bus, a transport's, or
   * whichever completes the stage of an asynchronous handler, perhaps after the bus is closed; must
   * not block. What it throws is logged, and changes nothing.
   */
  default void decided(AttemptResult result) {}

  /** The rest of the way to the handler. */
  @FunctionalInterface
  interface Next {
    /** Goes on to the next interceptor, or the handler. */
    @CheckReturnValue
    CompletionStage<Outcome> proceed() throws Exception;
  }
}
