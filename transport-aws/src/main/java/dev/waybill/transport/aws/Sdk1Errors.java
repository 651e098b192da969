package dev.waybill.transport.aws;

import com.amazonaws.AmazonServiceException;
import com.amazonaws.SdkClientException;
import com.amazonaws.http.exception.HttpRequestTimeoutException;
import com.amazonaws.http.timers.client.ClientExecutionTimeoutException;
import org.apache.http.conn.ConnectTimeoutException;
import org.apache.http.conn.ConnectionPoolTimeoutException;

/** Puts the exceptions of SDK 1 into our terms. */
final class Sdk1Errors {
  private Sdk1Errors() {}

  static AwsFailure translate(Throwable e) {
    if (AwsErrors.isAboutCredentials(e)) { // also where the answer is of who gives credentials
      return AwsErrors.noCredentials(e);
    }
    if (e instanceof AmazonServiceException service) {
      return AwsErrors.answered(
          service.getErrorCode(),
          service.getStatusCode(),
          service.getErrorMessage(),
          service.getRequestId(),
          service);
    }
    if (e instanceof ClientExecutionTimeoutException
        || e.getCause() instanceof HttpRequestTimeoutException) { // both end at the deadline
      return AwsErrors.noAnswerInTime(e);
    }
    if (e instanceof SdkClientException) {
      return AwsErrors.unanswered(
          e, ConnectTimeoutException.class, ConnectionPoolTimeoutException.class);
    }
    return AwsFailure.of(e);
  }
}
