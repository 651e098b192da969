package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;

import com.amazonaws.auth.AWSCredentials;
import com.amazonaws.auth.AWSCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
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
