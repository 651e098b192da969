package dev.waybill.transport.aws;

import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportProvider;
import java.util.Set;

/** Makes an {@link AwsTransport} of a URI with the scheme {@code aws}; found by the library. */
public final class AwsTransportProvider implements TransportProvider {
  /** For {@link java.util.ServiceLoader}. */
  public AwsTransportProvider() {}

  @Override
  public Set<String> schemes() {
    return Set.of("aws");
  }

  /**
   * {@inheritDoc} The forms are {@code aws://eu-west-1} for a region, and {@code
   * aws://127.0.0.1:4566?region=us-east-1} for an emulator; see {@link AwsTransport}.
   */
  @Override
  public Transport create(String uri) {
    return AwsUri.transport(uri);
  }
}
