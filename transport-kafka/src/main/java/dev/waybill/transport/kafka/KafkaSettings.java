package dev.waybill.transport.kafka;

import dev.waybill.error.ConfigurationException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a transport was built with, checked. */
record KafkaSettings(
    String bootstrapServers,
    int partitions,
    int replication,
    Duration deliveryTimeout,
    Map<String, String> properties,
    DelaySettings delays) {
  static final int BROKER_DEFAULT = -1;
  private static final int DEFAULT_PORT = 9092;
  private static final String MAX_REQUEST_SIZE = "max.request.size";
  private static final String MAX_POLL_INTERVAL = "max.poll.interval.ms";

  KafkaSettings {
    properties = Map.copyOf(properties);
  }

  static KafkaSettings of(
      String servers,
      int partitions,
      int replication,
      Duration deliveryTimeout,
      Map<String, String> properties,
      DelaySettings delays) {
    List<String> problems = new ArrayList<>();
    if (servers.isBlank()) {
      problems.add("No broker is named; call bootstrapServers(\"host:9092\").");
    }
    if (partitions < 1) {
      problems.add("partitions(%d): at least 1 is needed.".formatted(partitions));
    }
    if (replication != BROKER_DEFAULT && (replication < 1 || replication > Short.MAX_VALUE)) {
      problems.add(
          "replication(%d): give 1 or more, or -1 for the broker's default."
              .formatted(replication));
    }
    if (deliveryTimeout.compareTo(Duration.ofSeconds(1)) < 0
        || deliveryTimeout.compareTo(Duration.ofDays(1)) > 0) {
      problems.add("deliveryTimeout(%s): give one second to one day.".formatted(deliveryTimeout));
    }
    problems.addAll(ClientProperties.refusals(properties.keySet()));
    wholeNumber(properties, MAX_REQUEST_SIZE, KafkaCapabilities.MIN_REQUEST_BYTES, problems);
    wholeNumber(properties, MAX_POLL_INTERVAL, 1, problems);
    if (!problems.isEmpty()) {
      throw new ConfigurationException(problems);
    }
    return new KafkaSettings(
        withPorts(servers), partitions, replication, deliveryTimeout, properties, delays);
  }

  /** The largest record of an ordinary send; Kafka's default is 1 MiB. */
  int maxRequestBytes() {
    return Integer.parseInt(properties.getOrDefault(MAX_REQUEST_SIZE, "1048576"));
  }

  /** How long a member may not poll before its group gives its partitions away; Kafka's default. */
  Duration maxPollInterval() {
    return Duration.ofMillis(
        Integer.parseInt(properties.getOrDefault(MAX_POLL_INTERVAL, "300000")));
  }

  /** Names of properties only: values may be secrets. */
  @Override
  public String toString() {
    return "KafkaSettings[" + bootstrapServers + ", properties=" + properties.keySet() + "]";
  }

  private static void wholeNumber(
      Map<String, String> properties, String name, int least, List<String> problems) {
    String value = properties.get(name);
    if (value == null) {
      return;
    }
    boolean good;
    try {
      good = Integer.parseInt(value) >= least;
    } catch (NumberFormatException e) {
      good = false;
    }
    if (!good) {
      problems.add("property \"%s\": give a whole number from %d.".formatted(name, least));
    }
  }

  private static String withPorts(String servers) {
    return Stream.of(servers.split(",", -1))
        .map(String::strip)
        .map(server -> server.matches(".*:[0-9]+") ? server : server + ":" + DEFAULT_PORT)
        .collect(Collectors.joining(","));
  }
}
