package dev.waybill.transport.aws;

import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.services.sns.SnsAsyncClient;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;

/**
 * Version 2 of the SDK.
 *
 * @param credentials null for the default chain
 * @param sqs the user's client, not ours to close
 * @param sns the user's client, not ours to close
 */
record Sdk2(
    @Nullable AwsCredentialsProvider credentials,
    @Nullable SqsAsyncClient sqs,
    @Nullable SnsAsyncClient sns)
    implements Sdk {
  @Override
  public AwsSdk version() {
    return AwsSdk.V2;
  }

  @Override
  public boolean hasClients() {
    return sqs != null && sns != null;
  }

  @Override
  public boolean hasCredentials() {
    return credentials != null;
  }

  @Override
  public List<String> repeatingClients() {
    return Sdk2Retries.repeating(sqs, sns);
  }

  @Override
  public @Nullable String defaultRegion() {
    try {
      return new DefaultAwsRegionProviderChain().getRegion().id();
    } catch (RuntimeException e) {
      return null; // it has looked everywhere
    }
  }

  @Override
  public AwsPort open(AwsSettings settings) {
    return new Sdk2Port(settings, new Sdk2Clients(settings, this));
  }

  /** Without credentials. */
  @Override
  public String toString() {
    return "SDK 2";
  }
}
