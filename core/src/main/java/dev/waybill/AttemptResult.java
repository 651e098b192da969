package dev.waybill;

import dev.waybill.routing.Source;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What was decided over a message that was received, as {@link Interceptor#decided} is told.
 *
 * @param source where it was received
 * @param metadata the message's, as the handler sees it. Of a message that can't be read what can:
 *     at least an id, which is {@code brokerId} if it has none
 * @param brokerId what the broker calls it, as {@link HandlerContext#brokerId}
 * @param attempt which attempt this is, from 1
 * @param handling whether it was handled in this attempt
 * @param outcome what becomes of it
 * @param failure what the handler, an interceptor, what was sent or the store failed with, why the
 *     message can't be read, or how the library itself has failed; null if nothing has, or the
 *     message was lost meanwhile
 * @param took from its being taken up to the decision: reading, the handler, and the confirmation
 *     of what that has sent included, with the settlement where both are stored together
 */
public record AttemptResult(
    Source source,
    Metadata metadata,
    String brokerId,
    int attempt,
    Handling handling,
    Outcome outcome,
    @Nullable Throwable failure,
    Duration took) {
  /** Whether a message was handled in an attempt. */
  public enum Handling {
    /** It came to {@link Interceptor#incoming}, and to the handler if every interceptor went on. */
    HANDLED,
    /** The store of exactly-once knows that it was handled in an earlier delivery. */
    HANDLED_BEFORE,
    /**
     * It can't be read or is of no known type, has expired, or the broker would not deliver it
     * again; or it is none of this consumer's: of a type that is ignored, or put back for another
     * subscription. Retried, if the library failed before it could be handled, or memory was short.
     */
    NOT_HANDLED,
    /**
     * It comes again, as the same attempt unless the broker counts deliveries: with exactly-once it
     * is being handled elsewhere, the store has failed, or the message was lost before the broker
     * has confirmed that it is settled, when it comes again unless it is after all; or it failed
     * once the closing of the bus had begun to cut handlers off. It may have been handled.
     */
    POSTPONED
  }
}
