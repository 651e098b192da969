package dev.waybill.transport.aws;

import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.ApiCallAttemptTimeoutException;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;
import software.amazon.awssdk.core.exception.SdkClientException;

/** Puts the exceptions of SDK 2 into our terms. */
final class Sdk2Errors {
  private Sdk2Errors() {}

  static AwsFailure translate(Throwable thrown) {
    Throwable e =
        thrown instanceof CompletionException && thrown.getCause() != null
            ? thrown.getCause()
            : thrown;
    if (AwsErrors.isAboutCredentials(e)) { // also where the answer is of who gives credentials
      return AwsErrors.noCredentials(e);
    }
    if (e instanceof AwsServiceException service) {
      AwsErrorDetails details = service.awsErrorDetails();
      return AwsErrors.answered(
          details == null ? null : details.errorCode(),
          service.statusCode(),
          details == null ? service.getMessage() : details.errorMessage(),
          service.requestId(),
          service);
    }
    if (e instanceof ApiCallTimeoutException || e instanceof ApiCallAttemptTimeoutException) {
      return AwsErrors.noAnswerInTime(e);
    }
    if (e instanceof SdkClientException && !(e instanceof AbortedException)) {
      // a connection that could not be had from the pool in time is a TimeoutException
      return AwsErrors.unanswered(e, TimeoutException.class);
    }
    return AwsFailure.of(e);
  }
}
