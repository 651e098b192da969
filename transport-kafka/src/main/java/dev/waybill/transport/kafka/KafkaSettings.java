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
    TopicSettings topics,
    Duration deliveryTimeout,
    ShareGroups shareGroups,
    Duration recordLock,
    Map<String, String> properties,
    DelaySettings delays) {
  /** Kafka's default, which brokers take in any topic. */
  static final int USUAL_REQUEST_BYTES = 1_048_576;

  /** Kafka's default {@code group.consumer.session.timeout.ms}, which is the broker's. */
  private static final Duration SESSION = Duration.ofSeconds(45);

  private static final Duration SLOWEST_HEARTBEAT = Duration.ofSeconds(20);
  private static final Duration LEAST_SILENCE = Duration.ofSeconds(10);
  private static final int DEFAULT_PORT = 9092;
  private static final String MAX_REQUEST_SIZE = "max.request.size";
  private static final String TRANSACTION_TIMEOUT = "transaction.timeout.ms";
  private static final String MAX_POLL_INTERVAL = "max.poll.interval.ms";

  KafkaSettings {
    properties = Map.copyOf(properties);
  }

  static KafkaSettings of(
      String servers,
      TopicSettings topics,
      Duration deliveryTimeout,
      ShareGroups shareGroups,
      Duration recordLock,
      PropertySources sources,
      DelaySettings delays) {
    List<String> problems = new ArrayList<>();
    Map<String, String> properties = sources.resolve(problems);
    String address = servers.isBlank() ? sources.servers() : servers;
    if (address.isBlank()) {
      problems.add("No broker is named; call bootstrapServers(\"host:9092\").");
    }
    if (address.contains("@")) {
      problems.add(
          "The address of the brokers has an '@': it is host:9092,host:9092 without any login; that"
              + " is given by saslPlain(…), saslScramSha512(…) or the like.");
    }
    problems.addAll(topics.problems());
    if (deliveryTimeout.compareTo(Duration.ofSeconds(1)) < 0
        || deliveryTimeout.compareTo(Duration.ofDays(1)) > 0) {
      problems.add("deliveryTimeout(%s): give one second to one day.".formatted(deliveryTimeout));
    }
    if (recordLock.compareTo(Duration.ofSeconds(1)) < 0
        || recordLock.compareTo(Duration.ofHours(1)) > 0) {
      problems.add("recordLock(%s): give one second to one hour.".formatted(recordLock));
    }
    int least = KafkaCapabilities.MIN_REQUEST_BYTES;
    wholeNumber(properties, MAX_REQUEST_SIZE, least, problems);
    wholeNumber(properties, PropertyRules.PRODUCER + MAX_REQUEST_SIZE, least, problems);
    wholeNumber(properties, MAX_POLL_INTERVAL, 1, problems);
    wholeNumber(properties, PropertyRules.CONSUMER + MAX_POLL_INTERVAL, 1, problems);
    wholeNumber(properties, TRANSACTION_TIMEOUT, 1000, problems);
    wholeNumber(properties, PropertyRules.PRODUCER + TRANSACTION_TIMEOUT, 1000, problems);
    if (!problems.isEmpty()) {
      throw new ConfigurationException(problems);
    }
    return new KafkaSettings(
        withPorts(address), topics, deliveryTimeout, shareGroups, recordLock, properties, delays);
  }

  /** The largest record of an ordinary send; Kafka's default is 1 MiB. */
  int maxRequestBytes() {
    String usual = Integer.toString(USUAL_REQUEST_BYTES);
    return Integer.parseInt(property(PropertyRules.PRODUCER, MAX_REQUEST_SIZE, usual));
  }

  /** How long a member may not poll before its group gives its partitions away; Kafka's default. */
  Duration maxPollInterval() {
    return Duration.ofMillis(
        Integer.parseInt(property(PropertyRules.CONSUMER, MAX_POLL_INTERVAL, "300000")));
  }

  /**
   * How long a consumer that is connected may receive nothing: three heartbeats, which are the
   * broker's matter with the newer group protocol, up to 15 seconds apart; or a fetch that finds
   * nothing.
   */
  Duration silence() {
    Duration heartbeat =
        isNewerProtocol()
            ? SLOWEST_HEARTBEAT
            : millis("heartbeat.interval.ms", "3000").multipliedBy(3);
    Duration fetch = millis("fetch.max.wait.ms", "500").plusSeconds(5);
    Duration longer = heartbeat.compareTo(fetch) > 0 ? heartbeat : fetch;
    return longer.compareTo(LEAST_SILENCE) > 0 ? longer : LEAST_SILENCE;
  }

  private Duration millis(String name, String otherwise) {
    try {
      return Duration.ofMillis(
          Long.parseLong(property(PropertyRules.CONSUMER, name, otherwise).strip()));
    } catch (NumberFormatException e) { // which Kafka's client refuses, with the name
      return Duration.ZERO;
    }
  }

  private boolean isNewerProtocol() {
    return "consumer"
        .equalsIgnoreCase(property(PropertyRules.CONSUMER, "group.protocol", "classic"));
  }

  /**
   * How long after its last poll a member may still commit. One of the newer group protocol whose
   * process stood still is expelled after its broker's session timeout, whatever the poll interval
   * is, and what it commits before it knows carries nothing by which the broker could refuse it.
   */
  Duration mayCommit() {
    Duration polls = maxPollInterval();
    return isNewerProtocol() && polls.compareTo(SESSION) > 0 ? SESSION : polls;
  }

  /**
   * What the user set for one client, or for all of them.
   *
   * @param client such as {@link PropertyRules#PRODUCER}
   */
  String property(String client, String name, String otherwise) {
    return properties.getOrDefault(client + name, properties.getOrDefault(name, otherwise));
  }

  /**
   * How long a transaction may be open: as long as this the readers of what it has written to have
   * to wait, if its process dies. Kafka's default is a minute.
   */
  Duration transactionTimeout() {
    return Duration.ofMillis(
        Integer.parseInt(property(PropertyRules.PRODUCER, TRANSACTION_TIMEOUT, "10000")));
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
