package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;

import com.amazonaws.SdkClientException;
import com.amazonaws.auth.AWSCredentials;
import com.amazonaws.auth.AWSCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.http.exception.HttpRequestTimeoutException;
import dev.waybill.error.ErrorCode;
import dev.waybill.routing.Queue;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ErrorsOnSdk1Test extends ErrorsCases {
  @Override
  AwsSdk sdk() {
    return AwsSdk.V1;
  }

  /** The providers of version 2 renew by themselves. */
  @Test
  void aProviderIsAskedForNewCredentialsWhenAwsSaysThatTheyHaveExpired() throws IOException {
    Renewing provider = new Renewing();
    try (StubAws stub = new StubAws();
        Aws aws = Aws.connect(Aws.emulator(stub.uri()).credentials(provider).build())) {
      stub.then("SendMessageBatch", 403, "ExpiredTokenException");

      assertThat(aws.send(new Queue("q", false), Aws.message("x")).join()).isEqualTo("sqs-x");

      assertThat(provider.renewals.get()).isEqualTo(1);
    }
  }

  /** Of the SDK's two timers, which end together, a busy machine's may be either. */
  @Test
  void anAttemptThatTookUntilTheDeadlineGotNoAnswerInTime() {
    IOException late = new HttpRequestTimeoutException(new IOException("aborted"));

    AwsFailure failure = Sdk1Errors.translate(new SdkClientException("Unable to execute", late));

    assertThat(failure.code()).isEqualTo(ErrorCode.TIMEOUT);
    assertThat(failure.fate()).isEqualTo(AwsFailure.Fate.UNKNOWN);
  }

  private static final class Renewing implements AWSCredentialsProvider {
    private final AtomicInteger renewals = new AtomicInteger();

    @Override
    public AWSCredentials getCredentials() {
      return new BasicAWSCredentials("id", "secret");
    }

    @Override
    public void refresh() {
      renewals.incrementAndGet();
    }
  }
}
