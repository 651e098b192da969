package dev.waybill.transport.aws;

import com.amazonaws.ClientConfiguration;
import com.amazonaws.auth.AWSCredentialsProvider;
import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.auth.DefaultAWSCredentialsProviderChain;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.client.builder.AwsSyncClientBuilder;
import com.amazonaws.retry.PredefinedRetryPolicies;
import com.amazonaws.services.sns.AmazonSNS;
import com.amazonaws.services.sns.AmazonSNSClientBuilder;
import com.amazonaws.services.sqs.AmazonSQS;
import com.amazonaws.services.sqs.AmazonSQSClientBuilder;
import org.jspecify.annotations.Nullable;

/** The clients of SDK 1 of one connection: the user's, or our own, which end with it. */
final class Sdk1Clients {
  private final AwsSettings settings;
  private final Sdk1 given;
  private final AmazonSQS sqs;
  private @Nullable AmazonSNS ownSns;
  private boolean closed;

  Sdk1Clients(AwsSettings settings, Sdk1 given) {
    this.settings = settings;
    this.given = given;
    this.sqs =
        given.sqs() != null ? given.sqs() : configured(AmazonSQSClientBuilder.standard()).build();
  }

  AmazonSQS sqs() {
    return sqs;
  }

  /** Made at its first use: a bus without topics needs none. */
  synchronized AmazonSNS sns() {
    if (given.sns() != null) {
      return given.sns();
    }
    if (ownSns == null) {
      if (closed) {
        throw AwsErrors.closed(AwsFailure.Fate.NOT_EXECUTED);
      }
      ownSns = configured(AmazonSNSClientBuilder.standard()).build();
    }
    return ownSns;
  }

  /** Asks a provider that was given to us; blocks. */
  boolean checkCredentials() {
    AWSCredentialsProvider provider = given.credentials();
    try {
      return provider == null || provider.getCredentials() != null;
    } catch (RuntimeException e) { // whatever it is, there are none
      throw AwsErrors.noneFrom(provider, e);
    }
  }

  /** Clients of the user's have providers that only they know. */
  void renewCredentials() {
    if (given.sqs() == null || given.sns() == null) {
      provider().refresh();
    }
  }

  /** Cuts off calls under way of our own clients; leaves the user's alone. */
  synchronized void close() {
    closed = true;
    if (given.sqs() == null) {
      sqs.shutdown();
    }
    if (ownSns != null) {
      ownSns.shutdown();
    }
  }

  private AWSCredentialsProvider provider() {
    if (given.credentials() != null) {
      return given.credentials();
    }
    return settings.emulator()
        ? new AWSStaticCredentialsProvider(new BasicAWSCredentials("emulator", "emulator"))
        : DefaultAWSCredentialsProviderChain.getInstance();
  }

  private <B extends AwsSyncClientBuilder<B, ?>> B configured(B builder) {
    builder.withClientConfiguration(configuration()).withCredentials(new Sdk1Provider(provider()));
    if (settings.endpoint() != null) {
      return builder.withEndpointConfiguration(
          new EndpointConfiguration(settings.endpoint().toString(), settings.region()));
    }
    return builder.withRegion(settings.region());
  }

  /**
   * The number of connections bounds how many receivers can wait for messages at once. Idle
   * connections are looked at before use, as a request on one that the server has closed has an
   * unknown fate. Nothing is repeated by the SDK: of a message sent a standard queue would then
   * store two, and of messages received the first ones would stay hidden.
   */
  private static ClientConfiguration configuration() {
    return new ClientConfiguration()
        .withMaxConnections(Limits.MAX_CONNECTIONS)
        .withConnectionTimeout(5_000)
        .withSocketTimeout(30_000)
        .withClientExecutionTimeout(30_000)
        .withValidateAfterInactivityMillis(500)
        .withTcpKeepAlive(true)
        .withCacheResponseMetadata(false)
        .withUserAgentSuffix("waybill")
        .withRetryPolicy(PredefinedRetryPolicies.NO_RETRY_POLICY);
  }
}
