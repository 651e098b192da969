package dev.waybill.transport.aws;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An SDK, and what the user gave of it. Its implementations name classes that need not be there, so
 * each is touched only by whoever has chosen it.
 */
interface Sdk {
  AwsSdk version();

  /** Whether the user gave the clients of both services. */
  boolean hasClients();

  /** Whether the user gave credentials. */
  boolean hasCredentials();

  /** The ready-made clients that repeat calls by themselves, as far as they say so. */
  List<String> repeatingClients();

  /**
   * The region that the SDK's default chain finds: the environment, system properties, a profile,
   * the machine itself, which is asked over the network. Null if it finds none.
   */
  @Nullable String defaultRegion();

  /** Makes the clients that are missing. */
  AwsPort open(AwsSettings settings);
}
