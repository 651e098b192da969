package dev.waybill.transport.inmemory;

import dev.waybill.error.ConfigurationException;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportProvider;
import dev.waybill.transport.support.TransportUri;
import java.util.List;
import java.util.Set;

/**
 * Serves {@code memory:}, a broker of its own for each transport made, and {@code memory:name}, the
 * {@linkplain InMemoryBroker#named broker of that name}. Found by {@link Transport#at}.
 */
public final class InMemoryTransportProvider implements TransportProvider {
  /** For {@link java.util.ServiceLoader}. */
  public InMemoryTransportProvider() {}

  @Override
  public Set<String> schemes() {
    return Set.of("memory");
  }

  @Override
  public Transport create(String uri) {
    TransportUri parsed = TransportUri.parse(uri, Set.of());
    if (parsed.userInfo() != null || !parsed.authority().isEmpty()) {
      throw new ConfigurationException(
          List.of(
              "'%s' names a host, and the in-memory broker has none: write memory: or memory:name."
                  .formatted(TransportUri.redact(uri))));
    }
    String name = parsed.path() == null ? "" : parsed.path();
    InMemoryBroker broker = name.isEmpty() ? InMemoryBroker.create() : InMemoryBroker.named(name);
    return broker.transport();
  }
}
