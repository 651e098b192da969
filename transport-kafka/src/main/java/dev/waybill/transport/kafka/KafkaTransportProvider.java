package dev.waybill.transport.kafka;

import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportProvider;
import java.util.Set;

/**
 * Makes Kafka transports from URIs: {@code
 * kafka://host:port[,host:port…][?partitions=6&replication=3&properties=FILE]}. The port is 9092 if
 * it is not given. The properties of Kafka's clients, credentials among them, come from the file
 * ({@link KafkaTransport.Builder#propertiesFile}) and from the environment ({@link
 * KafkaTransport.Builder#environment}).
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
    return KafkaUri.read(uri, System.getenv()).build();
  }
}
