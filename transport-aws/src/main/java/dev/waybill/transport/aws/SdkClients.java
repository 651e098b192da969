package dev.waybill.transport.aws;

import com.amazonaws.ClientConfiguration;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.client.builder.AwsSyncClientBuilder;
import com.amazonaws.retry.PredefinedRetryPolicies;
import com.amazonaws.retry.RetryPolicy;
import com.amazonaws.services.sns.AmazonSNS;
import com.amazonaws.services.sns.AmazonSNSClientBuilder;
import com.amazonaws.services.sns.model.PublishRequest;
import com.amazonaws.services.sqs.AmazonSQS;
import com.amazonaws.services.sqs.AmazonSQSClientBuilder;
import com.amazonaws.services.sqs.model.ReceiveMessageRequest;
import com.amazonaws.services.sqs.model.SendMessageRequest;
import org.jspecify.annotations.Nullable;

/** The SDK's clients of one connection: the user's, or our own, which end with it. */
final class SdkClients {
  private final AwsSettings settings;
  private final AmazonSQS sqs;
  private @Nullable AmazonSNS ownSns;
  private boolean closed;

  SdkClients(AwsSettings settings) {
    this.settings = settings;
    this.sqs =
        settings.sqs() != null
            ? settings.sqs()
            : configured(AmazonSQSClientBuilder.standard()).build();
  }

  AmazonSQS sqs() {
    return sqs;
  }

  /** Made at its first use: a bus without topics needs none. */
  synchronized AmazonSNS sns() {
    if (settings.sns() != null) {
      return settings.sns();
    }
    if (ownSns == null) {
      if (closed) {
        throw new IllegalStateException("the connection is closed");
      }
      ownSns = configured(AmazonSNSClientBuilder.standard()).build();
    }
    return ownSns;
  }

  /** Cuts off calls under way of our own clients; leaves the user's alone. */
  synchronized void close() {
    closed = true;
    if (settings.sqs() == null) {
      sqs.shutdown();
    }
    if (ownSns != null) {
      ownSns.shutdown();
    }
  }

  private <B extends AwsSyncClientBuilder<B, ?>> B configured(B builder) {
    builder.withClientConfiguration(configuration());
    if (settings.credentials() != null) {
      builder.withCredentials(settings.credentials());
    }
    if (settings.endpoint() != null) {
      return builder.withEndpointConfiguration(
          new EndpointConfiguration(settings.endpoint().toString(), settings.region()));
    }
    return builder.withRegion(settings.region());
  }

  /**
   * The number of connections bounds how many receivers can wait for messages at once. Idle
   * connections are looked at before use, as a request on one that the server has closed has an
   * unknown fate.
   */
  private static ClientConfiguration configuration() {
    return new ClientConfiguration()
        .withMaxConnections(256)
        .withConnectionTimeout(5_000)
        .withSocketTimeout(30_000)
        .withClientExecutionTimeout(30_000)
        .withValidateAfterInactivityMillis(500)
        .withTcpKeepAlive(true)
        .withCacheResponseMetadata(false)
        .withUserAgentSuffix("waybill")
        .withRetryPolicy(retryPolicy());
  }

  /**
   * The SDK repeats a call whose answer was lost. Of a message sent, a standard queue would then
   * store two; of messages received, the first ones would stay hidden.
   */
  private static RetryPolicy retryPolicy() {
    return new RetryPolicy(
        (request, exception, retries) ->
            !(request instanceof SendMessageRequest
                    || request instanceof PublishRequest
                    || request instanceof ReceiveMessageRequest)
                && PredefinedRetryPolicies.DEFAULT_RETRY_CONDITION.shouldRetry(
                    request, exception, retries),
        PredefinedRetryPolicies.DEFAULT_BACKOFF_STRATEGY,
        2,
        false);
  }
}
