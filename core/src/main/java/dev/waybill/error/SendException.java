package dev.waybill.error;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * A send that was not confirmed. There are two answers besides "confirmed", and they must not be
 * mixed up:
 *
 * <ul>
 *   <li>{@link Certainty#REJECTED}: provably not stored. Sending again can't make a second copy.
 *   <li>{@link Certainty#UNKNOWN}: no answer, or the connection was lost after the message may have
 *       been stored. Waybill never sends it again by itself. Who does sends the same envelope (same
 *       message id), so that an idempotent receiver sees one message.
 * </ul>
 */
public final class SendException extends MessagingException {
  @Serial private static final long serialVersionUID = 1L;

  /** What is known of a message whose send failed. */
  public enum Certainty {
    /** Provably not stored. */
    REJECTED,
    /** It may or may not have been stored. */
    UNKNOWN
  }

  private final Certainty certainty;

  private SendException(
      Certainty certainty, ErrorCode code, String message, @Nullable Throwable cause) {
    super(code, message, cause);
    this.certainty = certainty;
  }

  /** A send whose message is provably not stored. */
  public static SendException rejected(ErrorCode code, String message, @Nullable Throwable cause) {
    return new SendException(Certainty.REJECTED, code, message, cause);
  }

  /** A send whose message may or may not have been stored. */
  public static SendException unknown(ErrorCode code, String message, @Nullable Throwable cause) {
    return new SendException(Certainty.UNKNOWN, code, message, cause);
  }

  /** What is known of the message. */
  public Certainty certainty() {
    return certainty;
  }
}
