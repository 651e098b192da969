package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import java.io.Serial;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** A call to AWS that failed, in our terms; raised by the port only, and never shown to users. */
final class AwsFailure extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  /** What is known of a call that failed. */
  enum Fate {
    /** It provably did nothing. */
    NOT_EXECUTED,
    /**
     * It provably did nothing, and may do so in a moment: it was throttled, its credentials had
     * expired, or the clock was wrong.
     */
    NOT_NOW,
    /** It may have done its work. */
    UNKNOWN,
    /** It did nothing, because the receipt handle is no longer good: the lease is lost. */
    LEASE_LOST
  }

  private final ErrorCode code;
  private final Fate fate;

  /** Whether the call was made, and its answer is missing or says that AWS failed. */
  private final boolean asked;

  AwsFailure(ErrorCode code, Fate fate, String message, @Nullable Throwable cause) {
    this(code, fate, message, cause, fate == Fate.UNKNOWN && code != ErrorCode.CLOSED);
  }

  private AwsFailure(
      ErrorCode code, Fate fate, String message, @Nullable Throwable cause, boolean asked) {
    super(message, cause);
    this.code = code;
    this.fate = fate;
    this.asked = asked;
  }

  /** What a stage of the port failed with. */
  static AwsFailure of(Throwable e) {
    Throwable failure = e instanceof CompletionException && e.getCause() != null ? e.getCause() : e;
    return failure instanceof AwsFailure known
        ? known
        : new AwsFailure(ErrorCode.BROKER_ERROR, Fate.UNKNOWN, failure.toString(), failure);
  }

  ErrorCode code() {
    return code;
  }

  Fate fate() {
    return fate;
  }

  /** Whether the same call may be made again without a second effect, and may help. */
  boolean isPassing() {
    return fate == Fate.NOT_NOW;
  }

  /**
   * Whether it provably did nothing, because AWS was not reached or was not able to, or took the
   * credentials for none.
   */
  boolean isForWantOfAws() {
    return fate == Fate.NOT_EXECUTED
        && (code == ErrorCode.CONNECTION_FAILED
            || code == ErrorCode.NOT_AUTHENTICATED
            || code == ErrorCode.BROKER_UNAVAILABLE
            || code == ErrorCode.TIMEOUT);
  }

  /** Whether it may have been done, and another call may tell. */
  boolean isUnanswered() {
    return fate == Fate.UNKNOWN && asked;
  }

  /** Whether another call may tell, of a call that may be made twice to no other effect. */
  boolean isWorthAsking() {
    return asked;
  }

  /** Whether AWS said nothing, for want of time or of a connection that lasted. */
  boolean isSilence() {
    return code == ErrorCode.TIMEOUT
        || (code == ErrorCode.CONNECTION_FAILED && fate == Fate.UNKNOWN);
  }

  /** Whether new credentials would help. */
  boolean isAboutExpiredCredentials() {
    return isPassing() && code == ErrorCode.NOT_AUTHENTICATED;
  }

  /** The same of a call that stores nothing, whatever goes wrong with it. */
  AwsFailure notExecuted() {
    return isPassing()
        ? this
        : new AwsFailure(code, Fate.NOT_EXECUTED, String.valueOf(getMessage()), getCause(), asked);
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
