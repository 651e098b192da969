package dev.waybill.error;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * Something that Waybill or its transport could not do. The message says what, where, which value,
 * and what to do instead; {@link #code()} says what kind; the broker client's own exception stays
 * attached as the cause.
 *
 * <p>Messages never contain credentials or payloads.
 */
public class MessagingException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  /** An error without a cause. */
  public MessagingException(ErrorCode code, String message) {
    this(code, message, null);
  }

  /** An error with the exception that led to it. */
  public MessagingException(ErrorCode code, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /** What kind of error this is. */
  public final ErrorCode code() {
    return code;
  }
}
