package dev.waybill.transport.aws;

import com.amazonaws.auth.AWSCredentialsProvider;
import com.amazonaws.regions.DefaultAwsRegionProviderChain;
import com.amazonaws.services.sns.AmazonSNS;
import com.amazonaws.services.sqs.AmazonSQS;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Version 1 of the SDK.
 *
 * @param credentials null for the default chain
 * @param sqs the user's client, not ours to close
 * @param sns the user's client, not ours to close
 */
record Sdk1(
    @Nullable AWSCredentialsProvider credentials, @Nullable AmazonSQS sqs, @Nullable AmazonSNS sns)
    implements Sdk {
  @Override
  public AwsSdk version() {
    return AwsSdk.V1;
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
    return Sdk1Retries.repeating(sqs, sns);
  }

  @Override
  public @Nullable String defaultRegion() {
    try {
      return new DefaultAwsRegionProviderChain().getRegion();
    } catch (RuntimeException e) {
      return null; // it has looked everywhere
    }
  }

  @Override
  public AwsPort open(AwsSettings settings) {
    return new Sdk1Port(settings, new Sdk1Clients(settings, this));
  }

  /** Without credentials. */
  @Override
  public String toString() {
    return "SDK 1";
  }
}
