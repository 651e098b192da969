package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.amazonaws.ClientConfiguration;
import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.retry.PredefinedRetryPolicies;
import com.amazonaws.services.sns.AmazonSNS;
import com.amazonaws.services.sns.AmazonSNSClientBuilder;
import com.amazonaws.services.sqs.AmazonSQS;
import dev.waybill.testkit.broker.TestBrokers;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.mockito.Mockito;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sns.SnsAsyncClient;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.SqsAsyncClientBuilder;

/** What users give: clients and credentials, which stay theirs. */
class GivenClientsTest {
  private static final class Provider implements AwsCredentialsProvider, AutoCloseable {
    volatile boolean asked;
    volatile boolean closed;

    @Override
    public AwsCredentials resolveCredentials() {
      asked = true;
      return AwsBasicCredentials.create("key", "secret");
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  @Test
  void aProviderOfCredentialsIsNotClosedWithTheConnection() throws IOException {
    Provider provider = new Provider();
    try (StubAws stub = new StubAws()) {
      AwsTransport.builder()
          .region("us-east-1")
          .endpoint(URI.create("http://" + URI.create(stub.uri()).getAuthority()))
          .credentialsV2(provider)
          .build()
          .connect(Aws.LOADING)
          .close();
    }

    assertThat(provider.asked).isTrue();
    assertThat(provider.closed).isFalse();
  }

  @Test
  void clientsOfTheFirstThatRepeatAreNamed() {
    AmazonSNS byDefault = first(new ClientConfiguration());
    AmazonSNS never =
        first(new ClientConfiguration().withRetryPolicy(PredefinedRetryPolicies.NO_RETRY_POLICY));
    AmazonSNS none = first(new ClientConfiguration().withMaxErrorRetry(0));
    try {
      AmazonSQS silent = Mockito.mock(AmazonSQS.class);
      assertThat(new Sdk1(null, silent, byDefault).repeatingClients())
          .containsExactly("com.amazonaws.services.sns.AmazonSNSClient");
      assertThat(new Sdk1(null, silent, never).repeatingClients()).isEmpty();
      assertThat(new Sdk1(null, null, none).repeatingClients()).isEmpty();
    } finally {
      byDefault.shutdown();
      never.shutdown();
      none.shutdown();
    }
  }

  private static AmazonSNS first(ClientConfiguration configuration) {
    return AmazonSNSClientBuilder.standard()
        .withRegion("eu-west-1")
        .withCredentials(new AWSStaticCredentialsProvider(new BasicAWSCredentials("a", "b")))
        .withClientConfiguration(configuration)
        .build();
  }

  @Test
  void clientsOfTheSecondThatRepeatAreNamed() {
    SnsAsyncClient silent = Mockito.mock(SnsAsyncClient.class);
    try (SqsAsyncClient byDefault = second().build();
        SqsAsyncClient never =
            second()
                .overrideConfiguration(c -> c.retryStrategy(AwsRetryStrategy.doNotRetry()))
                .build()) {
      assertThat(new Sdk2(null, byDefault, silent).repeatingClients())
          .singleElement()
          .asString()
          .contains("Sqs");
      assertThat(new Sdk2(null, never, null).repeatingClients()).isEmpty();
    }
  }

  @Test
  void aWarningAtStartNamesClientsThatRepeat() throws IOException {
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    Logger logger = (Logger) LoggerFactory.getLogger(Connector.class);
    logged.start();
    logger.addAppender(logged);
    try (StubAws stub = new StubAws();
        SqsAsyncClient repeating =
            second()
                .endpointOverride(URI.create("http://" + URI.create(stub.uri()).getAuthority()))
                .build()) {
      AwsTransport.builder()
          .region("us-east-1")
          .sqsV2(repeating)
          .build()
          .connect(Aws.LOADING)
          .close();

      assertThat(logged.list)
          .filteredOn(event -> event.getLevel() == Level.WARN)
          .extracting(ILoggingEvent::getFormattedMessage)
          .singleElement()
          .asString()
          .contains(repeating.getClass().getName(), "repeats calls", "doNotRetry()");
    } finally {
      logger.detachAppender(logged);
    }
  }

  @Test
  void theShortTimeThatAClientHasForAnAttemptEndsNoPoll() throws IOException {
    try (AwsGateway gateway = new AwsGateway(TestBrokers.aws().uri());
        SqsAsyncClient impatient =
            SqsAsyncClient.builder()
                .region(Region.US_EAST_1)
                .endpointOverride(URI.create("http://" + URI.create(gateway.uri()).getAuthority()))
                .credentialsProvider(
                    StaticCredentialsProvider.create(AwsBasicCredentials.create("key", "secret")))
                .overrideConfiguration(
                    c ->
                        c.retryStrategy(AwsRetryStrategy.doNotRetry())
                            .apiCallAttemptTimeout(Duration.ofSeconds(1)))
                .build();
        Aws aws = Aws.connect(Aws.emulator(gateway.uri()).sqsV2(impatient).build())) {
      Collector collector = new Collector();

      aws.receive(aws.queue(false), 1, collector);

      await()
          .atMost(Duration.ofMinutes(1))
          .until(() -> gateway.calls("ReceiveMessage") == 2); // the first lasts two seconds
      assertThat(collector.failures).isEmpty();
    }
  }

  private static SqsAsyncClientBuilder second() {
    return SqsAsyncClient.builder()
        .region(Region.EU_WEST_1)
        .credentialsProvider(AnonymousCredentialsProvider.create());
  }
}
