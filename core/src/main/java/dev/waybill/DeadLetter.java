package dev.waybill;

import dev.waybill.transport.WireMessage;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A dead letter with its evidence, as {@link MessageBus.Builder#consumeDeadLetters} hands it over.
 *
 * @param messageId the message's id, or the broker's name for it if it came without
 * @param typeName the type name it claimed, or null
 * @param message the raw bytes, attributes and headers as received, the latter by their names on
 *     the wire and without the evidence
 * @param reason why it is here, in words
 * @param exceptionClass what was thrown, or null
 * @param exceptionMessage its text, cut at 1,000 characters, or null
 * @param channel the queue or topic it came from, or null if unknown
 * @param subscription the subscription it came from, or null for a queue
 * @param attempts how many attempts were made; 0 if it could not be tried
 * @param firstFailure when the first of this process's attempts failed, or null if unknown
 * @param lastFailure when the last attempt failed, or null if unknown
 */
public record DeadLetter(
    String messageId,
    @Nullable String typeName,
    WireMessage message,
    String reason,
    @Nullable String exceptionClass,
    @Nullable String exceptionMessage,
    @Nullable String channel,
    @Nullable String subscription,
    int attempts,
    @Nullable Instant firstFailure,
    @Nullable Instant lastFailure) {
  /**
   * Takes a dead letter. A return removes it from the queue, so that work which goes on elsewhere
   * is waited for here; a failure keeps it, and it comes again after a wait.
   */
  @FunctionalInterface
  public interface Handler {
    /** Takes one dead letter. */
    void handle(DeadLetter deadLetter) throws Exception;
  }

  /** Id, origin, reason and what was thrown; never the body. */
  @Override
  public String toString() {
    return "DeadLetter[%s %s from %s%s: %s%s]"
        .formatted(
            typeName,
            messageId,
            channel,
            subscription == null ? "" : "." + subscription,
            reason,
            exceptionClass == null ? "" : ", " + exceptionClass + ": " + exceptionMessage);
  }
}
