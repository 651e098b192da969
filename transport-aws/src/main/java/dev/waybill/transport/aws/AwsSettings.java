package dev.waybill.transport.aws;

import com.amazonaws.auth.AWSCredentialsProvider;
import com.amazonaws.services.sns.AmazonSNS;
import com.amazonaws.services.sqs.AmazonSQS;
import java.net.URI;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a transport was built with.
 *
 * @param region of the clients that we make; null if the user gave both
 * @param endpoint instead of the region's own, for emulators and private endpoints
 * @param credentials null for the SDK's default chain
 * @param account makes ARNs without asking AWS
 * @param visibilityTimeout how long a delivery is ours without renewal
 * @param sqs the user's client, not ours to close
 * @param sns the user's client, not ours to close
 */
record AwsSettings(
    @Nullable String region,
    @Nullable URI endpoint,
    @Nullable AWSCredentialsProvider credentials,
    @Nullable String account,
    Duration visibilityTimeout,
    @Nullable AmazonSQS sqs,
    @Nullable AmazonSNS sns) {
  /** Where AWS is, for people. */
  String address() {
    if (endpoint != null) {
      return endpoint.getAuthority() + " (" + region + ")";
    }
    return region != null ? region : "the given clients";
  }

  /** Without credentials. */
  @Override
  public String toString() {
    return "AwsSettings[" + address() + "]";
  }
}
