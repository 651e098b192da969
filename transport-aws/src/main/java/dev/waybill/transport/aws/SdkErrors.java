package dev.waybill.transport.aws;

import com.amazonaws.AmazonServiceException;
import com.amazonaws.SdkClientException;
import com.amazonaws.http.timers.client.ClientExecutionTimeoutException;
import com.amazonaws.retry.RetryUtils;
import dev.waybill.error.ErrorCode;
import dev.waybill.transport.aws.AwsFailure.Fate;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.Set;
import javax.net.ssl.SSLHandshakeException;
import org.apache.http.conn.ConnectTimeoutException;
import org.apache.http.conn.ConnectionPoolTimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Puts the SDK's exceptions into our terms. An answer of the service with a 4xx status did nothing;
 * with 5xx, or without an answer, the call may have been executed, unless no connection was made.
 */
final class SdkErrors {
  private static final Set<String> CREDENTIALS =
      Set.of(
          "InvalidClientTokenId",
          "UnrecognizedClientException",
          "SignatureDoesNotMatch",
          "InvalidSignatureException",
          "IncompleteSignature",
          "MissingAuthenticationToken",
          "MissingAuthenticationTokenException",
          "ExpiredToken",
          "ExpiredTokenException",
          "InvalidAccessKeyId",
          "AuthFailure",
          "RequestExpired");

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

  private SdkErrors() {}

  static AwsFailure translate(RuntimeException e) {
    if (e instanceof AmazonServiceException service) {
      return answered(service);
    }
    if (e instanceof SdkClientException client) {
      return unanswered(client);
    }
    return new AwsFailure(
        ErrorCode.BROKER_ERROR, Fate.UNKNOWN, "the AWS client failed: " + e.getMessage(), e);
  }

  private static AwsFailure answered(AmazonServiceException e) {
    ErrorCode code = code(e);
    Fate fate = e.getStatusCode() >= 500 ? Fate.UNKNOWN : Fate.NOT_EXECUTED;
    if (code == ErrorCode.THROTTLED) {
      fate = Fate.NOT_EXECUTED;
    } else if (isAboutReceipt(e)) {
      fate = Fate.LEASE_LOST;
    }
    String text =
        "AWS answered %s (HTTP %d, request %s)"
            .formatted(e.getErrorCode(), e.getStatusCode(), e.getRequestId());
    if (code == ErrorCode.NOT_AUTHENTICATED) {
      // the answer may repeat the signed request with its session token: neither text nor cause
      return new AwsFailure(code, fate, text, null);
    }
    return new AwsFailure(code, fate, text + ": " + e.getErrorMessage(), e);
  }

  private static ErrorCode code(AmazonServiceException e) {
    String code = e.getErrorCode() == null ? "" : e.getErrorCode();
    if (isThrottling(e, code)) {
      return ErrorCode.THROTTLED;
    }
    if (CREDENTIALS.contains(code)) {
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
    if (code.contains("QueueDeletedRecently") || e.getStatusCode() >= 500) {
      return ErrorCode.BROKER_UNAVAILABLE;
    }
    return aboutMessage(e, code);
  }

  private static ErrorCode aboutMessage(AmazonServiceException e, String code) {
    String text = e.getErrorMessage() == null ? "" : e.getErrorMessage().toLowerCase(Locale.ROOT);
    boolean tooLong =
        text.contains("too long") || text.contains("shorter than") || text.contains("too large");
    if (tooLong || code.contains("BatchRequestTooLong")) {
      return ErrorCode.TOO_LARGE;
    }
    return code.contains("InvalidMessageContents")
        ? ErrorCode.INVALID_MESSAGE
        : ErrorCode.BROKER_ERROR;
  }

  private static boolean isThrottling(AmazonServiceException e, String code) {
    return RetryUtils.isThrottlingException(e)
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
  private static boolean isAboutReceipt(AmazonServiceException e) {
    String code = e.getErrorCode() == null ? "" : e.getErrorCode();
    String text = e.getErrorMessage() == null ? "" : e.getErrorMessage();
    return RECEIPT.contains(code)
        || text.contains("receipt handle has expired")
        || text.contains("does not exist or is not available for visibility timeout change");
  }

  private static AwsFailure unanswered(SdkClientException e) {
    if (isAboutCredentials(e)) {
      return new AwsFailure(
          ErrorCode.NOT_AUTHENTICATED, Fate.NOT_EXECUTED, "no AWS credentials were found", e);
    }
    Throwable network = cause(e, ConnectException.class, NoRouteToHostException.class);
    if (network == null) {
      network = cause(e, UnknownHostException.class, SSLHandshakeException.class);
    }
    if (network == null) {
      network = cause(e, ConnectTimeoutException.class, ConnectionPoolTimeoutException.class);
    }
    if (network != null) {
      return new AwsFailure(
          ErrorCode.CONNECTION_FAILED,
          Fate.NOT_EXECUTED,
          "no connection was made (" + network.getMessage() + ")",
          e);
    }
    if (e instanceof ClientExecutionTimeoutException) {
      return new AwsFailure(ErrorCode.TIMEOUT, Fate.UNKNOWN, "no answer in time", e);
    }
    return new AwsFailure(
        ErrorCode.CONNECTION_FAILED,
        Fate.UNKNOWN,
        "the connection was lost (" + e.getMessage() + ")",
        e);
  }

  /** The SDK has no type for it; these are the words of its provider chain and its signers. */
  private static boolean isAboutCredentials(SdkClientException e) {
    String text = String.valueOf(e.getMessage());
    return text.contains("Unable to load AWS credentials")
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
}
