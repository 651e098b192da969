package dev.waybill.transport.kafka;

import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportProvider;
import java.util.Set;

/**
 * Makes Kafka transports from URIs: {@code
 * kafka://host:port[,host:port…][?partitions=6&replication=3]}. The port is 9092 if it is not
 * given. Everything else is said with {@link KafkaTransport#builder()}.
 */
public final class KafkaTransportProvider implements TransportProvider {
  /** For {@link java.util.ServiceLoader}. */
  public KafkaTransportProvider() {}

  @Override
  public Set<String> schemes() {
    return Set.of(KafkaUri.SCHEME);
  }

  @Override
  public Transport create(String uri) {
    return KafkaUri.read(uri).build();
  }
}
