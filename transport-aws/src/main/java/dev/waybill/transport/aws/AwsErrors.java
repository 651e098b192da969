package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.transport.aws.AwsFailure.Fate;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.Set;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/**
 * Puts what AWS answers into our terms, whichever SDK brought it. An answer with a 4xx status did
 * nothing; with 5xx, or without an answer, the call may have been executed, unless no connection
 * was made.
 */
final class AwsErrors {
  private static final Set<String> EXPIRED =
      Set.of("ExpiredToken", "ExpiredTokenException", "RequestExpired");

  private static final Set<String> SKEWED = Set.of("RequestTimeTooSkewed", "RequestInTheFuture");

  private static final Set<String> CREDENTIALS =
      Set.of(
          "InvalidClientTokenId",
          "UnrecognizedClientException",
          "SignatureDoesNotMatch",
          "InvalidSignatureException",
          "IncompleteSignature",
          "MissingAuthenticationToken",
          "MissingAuthenticationTokenException",
          "InvalidAccessKeyId",
          "AuthFailure");

  private static final Set<String> MISSING =
      Set.of(
          "AWS.SimpleQueueService.NonExistentQueue",
          "QueueDoesNotExist",
          "NonExistentQueue",
          "NotFound",
          "NotFoundException",
          "ResourceNotFoundException");

  private static final Set<String> RECEIPT =
      Set.of(
          "ReceiptHandleIsInvalid",
          "InvalidReceiptHandle",
          "MessageNotInflight",
          "AWS.SimpleQueueService.MessageNotInflight");

  private static final Set<String> THROTTLED =
      Set.of(
          "TooManyRequestsException",
          "ProvisionedThroughputExceededException",
          "SlowDown",
          "PriorRequestNotComplete",
          "BandwidthLimitExceeded",
          "RequestLimitExceeded");

  private AwsErrors() {}

  /** An answer of the service to a whole call. */
  static AwsFailure answered(
      @Nullable String code,
      int status,
      @Nullable String text,
      @Nullable String requestId,
      @Nullable Throwable cause) {
    ErrorCode kind = kind(orEmpty(code), status, orEmpty(text));
    Fate fate = fate(kind, orEmpty(code), status, orEmpty(text));
    String words = "AWS answered %s (HTTP %d, request %s)".formatted(code, status, requestId);
    if (kind == ErrorCode.NOT_AUTHENTICATED) {
      // the answer may repeat the signed request with its session token: neither text nor cause
      return new AwsFailure(kind, fate, words + aboutClock(orEmpty(code), orEmpty(text)), null);
    }
    return new AwsFailure(kind, fate, words + ": " + text, cause);
  }

  /** The answer to one entry of a call that succeeded. */
  static AwsFailure entry(@Nullable String code, boolean senderFault, @Nullable String text) {
    int status = senderFault ? 400 : 500;
    ErrorCode kind = kind(orEmpty(code), status, orEmpty(text));
    Fate fate = fate(kind, orEmpty(code), status, orEmpty(text));
    return new AwsFailure(
        kind, fate, "AWS answered %s for this one of a batch: %s".formatted(code, text), null);
  }

  /** None of all topics has that name. */
  static AwsFailure noTopic(String name) {
    return new AwsFailure(
        ErrorCode.NOT_FOUND, Fate.NOT_EXECUTED, "there is no SNS topic " + name, null);
  }

  /** AWS said nothing of an entry. */
  static AwsFailure silent() {
    return new AwsFailure(
        ErrorCode.BROKER_ERROR, Fate.UNKNOWN, "AWS's answer leaves this one of a batch out", null);
  }

  /** The SDK found no credentials. */
  static AwsFailure noCredentials(Throwable cause) {
    return new AwsFailure(
        ErrorCode.NOT_AUTHENTICATED, Fate.NOT_EXECUTED, "no AWS credentials were found", cause);
  }

  /** A provider of the user's has none. */
  static AwsFailure noneFrom(@Nullable Object provider, RuntimeException cause) {
    String name = provider == null ? "none" : provider.getClass().getName();
    return new AwsFailure(
        ErrorCode.NOT_AUTHENTICATED,
        Fate.NOT_EXECUTED,
        "the credentials provider " + name + " gave none",
        cause);
  }

  /** A provider of the user's keeps whoever asks it. */
  static AwsFailure noCredentialsInTime(Throwable cause) {
    return new AwsFailure(
        ErrorCode.NOT_AUTHENTICATED,
        Fate.NOT_EXECUTED,
        "the given credentials provider gave no answer in time",
        cause);
  }

  static AwsFailure noAnswerInTime(Throwable cause) {
    return new AwsFailure(ErrorCode.TIMEOUT, Fate.UNKNOWN, "no answer in time", cause);
  }

  /** The time for a call was over before it was made. */
  static AwsFailure notBegun() {
    return new AwsFailure(
        ErrorCode.TIMEOUT, Fate.NOT_EXECUTED, "no thread was free for the call in time", null);
  }

  /** The port was closed before the call was made, or answered. */
  static AwsFailure closed(Fate fate) {
    return new AwsFailure(ErrorCode.CLOSED, fate, "the connection is closed", null);
  }

  /** A call without an answer, which was not even made if the reason is one of {@code more}. */
  @SafeVarargs
  static AwsFailure unanswered(Throwable e, Class<? extends Throwable>... more) {
    Throwable network =
        cause(
            e,
            ConnectException.class,
            NoRouteToHostException.class,
            UnknownHostException.class,
            SSLHandshakeException.class);
    if (network == null) {
      network = cause(e, more);
    }
    if (network != null) {
      return new AwsFailure(
          ErrorCode.CONNECTION_FAILED,
          Fate.NOT_EXECUTED,
          "no connection was made (" + network.getMessage() + ")",
          e);
    }
    return new AwsFailure(
        ErrorCode.CONNECTION_FAILED,
        Fate.UNKNOWN,
        "the connection was lost (" + e.getMessage() + ")",
        e);
  }

  /**
   * Whether there were none to sign with. The SDKs have no type for it; these are the words of the
   * provider chains and signers of clients that are not ours.
   */
  static boolean isAboutCredentials(Throwable e) {
    String text = String.valueOf(e.getMessage());
    return cause(e, CredentialsMissing.class) != null
        || text.contains("Unable to load AWS credentials")
        || text.contains("Unable to load credentials")
        || text.contains("profile file");
  }

  @SafeVarargs
  private static @Nullable Throwable cause(Throwable e, Class<? extends Throwable>... types) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      for (Class<? extends Throwable> type : types) {
        if (type.isInstance(t)) {
          return t;
        }
      }
    }
    return null;
  }

  private static Fate fate(ErrorCode kind, String code, int status, String text) {
    if (isAboutReceipt(code, text)) {
      return Fate.LEASE_LOST;
    }
    if (kind == ErrorCode.THROTTLED || EXPIRED.contains(code) || isAboutClock(code, text)) {
      return Fate.NOT_NOW;
    }
    return status >= 500 ? Fate.UNKNOWN : Fate.NOT_EXECUTED;
  }

  private static ErrorCode kind(String code, int status, String text) {
    if (isThrottling(code, status)) {
      return ErrorCode.THROTTLED;
    }
    if (CREDENTIALS.contains(code) || EXPIRED.contains(code) || SKEWED.contains(code)) {
      return ErrorCode.NOT_AUTHENTICATED;
    }
    if (MISSING.contains(code)) {
      return ErrorCode.NOT_FOUND;
    }
    if (isAboutPermission(code)) {
      return ErrorCode.NOT_AUTHORISED;
    }
    if (code.contains("QueueAlreadyExists") || code.contains("QueueNameExists")) {
      return ErrorCode.TOPOLOGY_MISMATCH;
    }
    if (code.contains("QueueDeletedRecently") || status >= 500) {
      return ErrorCode.BROKER_UNAVAILABLE;
    }
    return aboutMessage(code, text.toLowerCase(Locale.ROOT));
  }

  private static ErrorCode aboutMessage(String code, String text) {
    boolean tooLong =
        text.contains("too long") || text.contains("shorter than") || text.contains("too large");
    if (tooLong || code.contains("BatchRequestTooLong")) {
      return ErrorCode.TOO_LARGE;
    }
    return code.contains("InvalidMessageContents")
        ? ErrorCode.INVALID_MESSAGE
        : ErrorCode.BROKER_ERROR;
  }

  private static boolean isThrottling(String code, int status) {
    return status == 429
        || THROTTLED.contains(code)
        || code.toLowerCase(Locale.ROOT).contains("throttl")
        || code.contains("OverLimit");
  }

  private static boolean isAboutPermission(String code) {
    return code.contains("AccessDenied")
        || code.contains("AuthorizationError")
        || code.contains("UnauthorizedOperation")
        || code.contains("InvalidSecurity")
        || code.contains("KMSDisabled")
        || code.contains("KmsDisabled")
        || code.contains("OptInRequired");
  }

  /** SQS says of an expired handle on a FIFO queue only in words that it has expired. */
  private static boolean isAboutReceipt(String code, String text) {
    return RECEIPT.contains(code)
        || text.contains("receipt handle has expired")
        || text.contains("does not exist or is not available for visibility timeout change");
  }

  /**
   * Whether the time of the request was not near AWS's: the SDK then knows AWS's from the answer,
   * and signs the next one by it.
   */
  private static boolean isAboutClock(String code, String text) {
    return SKEWED.contains(code)
        || (CREDENTIALS.contains(code)
            && (text.contains("Signature expired") || text.contains("Signature not yet current")));
  }

  private static String aboutClock(String code, String text) {
    return isAboutClock(code, text) ? ", as this machine's clock is not near that of AWS" : "";
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }
}
