package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** A call to AWS that failed, in our terms; raised by the port only, and never shown to users. */
final class AwsFailure extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  /** What is known of a call that failed. */
  enum Fate {
    /** It provably did nothing. */
    NOT_EXECUTED,
    /** It may have done its work. */
    UNKNOWN,
    /** It did nothing, because the receipt handle is no longer good: the lease is lost. */
    LEASE_LOST
  }

  private final ErrorCode code;
  private final Fate fate;

  AwsFailure(ErrorCode code, Fate fate, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.code = code;
    this.fate = fate;
  }

  ErrorCode code() {
    return code;
  }

  Fate fate() {
    return fate;
  }

  /** Whether the same call may be made again at once without a second effect, and help. */
  boolean isThrottling() {
    return code == ErrorCode.THROTTLED && fate == Fate.NOT_EXECUTED;
  }

  /** For users; {@code what} is what was not done. */
  MessagingException asMessagingException(String what) {
    return new MessagingException(code, what + ": " + getMessage(), getCause());
  }

  /** For the sender of {@code message}: {@code The message m-1 to queue orders}. */
  SendException asSendException(String message) {
    return fate == Fate.UNKNOWN
        ? unknown(code, message, getMessage(), getCause())
        : rejected(code, message, getMessage(), getCause());
  }

  static SendException rejected(
      ErrorCode code, String message, @Nullable String reason, @Nullable Throwable cause) {
    return SendException.rejected(code, message + " was not sent: " + reason, cause);
  }

  static SendException unknown(
      ErrorCode code, String message, @Nullable String reason, @Nullable Throwable cause) {
    return SendException.unknown(
        code, message + " may or may not have been stored: " + reason, cause);
  }
}
