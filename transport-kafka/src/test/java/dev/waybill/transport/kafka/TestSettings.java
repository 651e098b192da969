package dev.waybill.transport.kafka;

import java.time.Duration;
import java.util.Map;
import java.util.Set;

/** Settings as the builder makes them, of one partition and replica. */
final class TestSettings {
  private TestSettings() {}

  static KafkaSettings of(
      String servers, Duration deliveryTimeout, Map<String, String> properties) {
    return of(servers, deliveryTimeout, properties, DelaySettings.DEFAULT);
  }

  static KafkaSettings of(
      String servers,
      Duration deliveryTimeout,
      Map<String, String> properties,
      DelaySettings delays) {
    PropertySources sources = new PropertySources();
    properties.forEach(sources::set);
    return of(servers, deliveryTimeout, sources, delays);
  }

  static KafkaSettings of(String servers, Duration deliveryTimeout, PropertySources sources) {
    return of(servers, deliveryTimeout, sources, DelaySettings.DEFAULT);
  }

  private static KafkaSettings of(
      String servers, Duration deliveryTimeout, PropertySources sources, DelaySettings delays) {
    return KafkaSettings.of(
        servers,
        new TopicSettings(1, 1, null, Map.of()),
        deliveryTimeout,
        new ShareGroups(false, Set.of()),
        Duration.ofSeconds(30),
        sources,
        delays);
  }
}
