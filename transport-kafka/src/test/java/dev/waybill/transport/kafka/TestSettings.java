package dev.waybill.transport.kafka;

import java.time.Duration;
import java.util.Map;
import java.util.Set;

/** Settings as the builder makes them, of one partition and replica. */
final class TestSettings {
  private TestSettings() {}

  static KafkaSettings of(
      String servers, Duration deliveryTimeout, Map<String, String> properties) {
    PropertySources sources = new PropertySources();
    properties.forEach(sources::set);
    return of(servers, deliveryTimeout, sources);
  }

  static KafkaSettings of(String servers, Duration deliveryTimeout, PropertySources sources) {
    return KafkaSettings.of(
        servers,
        1,
        1,
        deliveryTimeout,
        new ShareGroups(false, Set.of()),
        Duration.ofSeconds(30),
        sources);
  }
}
