package dev.waybill.transport.aws;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsClient;
import software.amazon.awssdk.awscore.AwsServiceClientConfiguration;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;

/** What ready-made clients of SDK 2 say about repeating calls. */
final class Sdk2Retries {
  private Sdk2Retries() {}

  /** The classes of those clients that repeat. */
  static List<String> repeating(@Nullable AwsClient... clients) {
    List<String> repeating = new ArrayList<>();
    for (AwsClient client : clients) {
      if (client != null && repeats(client)) {
        repeating.add(client.getClass().getName());
      }
    }
    return repeating;
  }

  private static boolean repeats(AwsClient client) {
    AwsServiceClientConfiguration configuration;
    try {
      configuration = client.serviceClientConfiguration();
    } catch (UnsupportedOperationException e) {
      return false; // a wrapper, which says nothing
    }
    ClientOverrideConfiguration own =
        configuration == null ? null : configuration.overrideConfiguration();
    return own != null
        && own.retryStrategy().map(strategy -> strategy.maxAttempts() > 1).orElse(false);
  }
}
