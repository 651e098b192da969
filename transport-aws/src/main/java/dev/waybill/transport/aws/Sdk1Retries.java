package dev.waybill.transport.aws;

import com.amazonaws.AmazonWebServiceClient;
import com.amazonaws.ClientConfiguration;
import com.amazonaws.retry.RetryPolicy;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What ready-made clients of SDK 1 say about repeating calls. */
final class Sdk1Retries {
  private Sdk1Retries() {}

  /** The classes of those clients that repeat. */
  static List<String> repeating(@Nullable Object... clients) {
    List<String> repeating = new ArrayList<>();
    for (Object client : clients) {
      if (client instanceof AmazonWebServiceClient known
          && repeats(known.getClientConfiguration())) {
        repeating.add(client.getClass().getName());
      }
    }
    return repeating;
  }

  private static boolean repeats(@Nullable ClientConfiguration configuration) {
    if (configuration == null) {
      return false; // a wrapper, which says nothing
    }
    RetryPolicy policy = configuration.getRetryPolicy();
    int own = configuration.getMaxErrorRetry();
    return (own >= 0 && policy.isMaxErrorRetryInClientConfigHonored())
        ? own > 0
        : policy.getMaxErrorRetry() > 0;
  }
}
