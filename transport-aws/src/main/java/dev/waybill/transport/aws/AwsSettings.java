package dev.waybill.transport.aws;

import dev.waybill.routing.Source;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a transport was built with.
 *
 * @param region of the clients that we make; null if the user gave both
 * @param endpoint instead of the region's own, for emulators and private endpoints
 * @param emulator whether AWS is an emulator, which takes any credentials and must not be shown
 *     those of the environment
 * @param account makes ARNs without asking AWS
 * @param visibilityTimeout how long a delivery is ours without renewal
 * @param linger how long a message waits for others to go with
 * @param filtersIgnored whether SNS keeps back what a subscription ignores
 * @param unwrapped the names of sources whose messages come wrapped by SNS
 * @param sdk which SDK, and what the user gave of it
 * @param nanoTime the clock of leases
 */
record AwsSettings(
    @Nullable String region,
    @Nullable URI endpoint,
    boolean emulator,
    @Nullable String account,
    Duration visibilityTimeout,
    Duration linger,
    boolean filtersIgnored,
    Set<String> unwrapped,
    Sdk sdk,
    LongSupplier nanoTime) {
  /** Where AWS is, for people. */
  String address() {
    if (endpoint != null) {
      return endpoint.getAuthority() + " (" + region + ")";
    }
    return region != null ? region : "the given clients";
  }

  /**
   * With an endpoint of the user's, queues are reached there: emulators give out names that only
   * they can resolve, and the URLs of AWS would go past a private endpoint.
   */
  String reachable(String queueUrl) {
    return endpoint == null
        ? queueUrl
        : endpoint.getScheme()
            + "://"
            + endpoint.getRawAuthority()
            + URI.create(queueUrl).getRawPath();
  }

  /** Whether the messages of a source come wrapped by SNS; those of its dead letters do, too. */
  boolean unwraps(Source source) {
    return unwrapped.stream()
        .anyMatch(name -> source.name().equals(name) || source.name().equals(name + ".dlq"));
  }

  /** A topic's ARN, put together if account and region are known. */
  Optional<String> topicArn(String name) {
    return account == null || region == null
        ? Optional.empty()
        : Optional.of(
            String.join(":", "arn", AwsPartitions.of(region), "sns", region, account, name));
  }

  /** Without credentials. */
  @Override
  public String toString() {
    return "AwsSettings[" + address() + "]";
  }
}
