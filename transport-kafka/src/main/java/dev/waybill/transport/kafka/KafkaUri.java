package dev.waybill.transport.kafka;

import dev.waybill.error.ConfigurationException;
import dev.waybill.transport.support.TransportUri;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** Reads a {@code kafka:} URI into a builder. */
final class KafkaUri {
  static final String SCHEME = "kafka";
  private static final String PARTITIONS = "partitions";
  private static final String REPLICATION = "replication";
  private static final String DELAYS = "delays";
  private static final String PROPERTIES = "properties";
  private static final String WHERE_ELSE =
      "Credentials and Kafka's own properties never stand in a URI: write them into a file that"
          + " ?properties=FILE names, into environment variables "
          + PropertySources.VARIABLES
          + "…, or give them to KafkaTransport.builder().";

  private KafkaUri() {}

  /**
   * Reads a URI.
   *
   * @param environment the variables among which are properties
   */
  static KafkaTransport.Builder read(String text, Map<String, String> environment) {
    TransportUri uri = parse(text);
    KafkaTransport.Builder builder = KafkaTransport.builder().environment(environment);
    // never the URI's own text, of which an '@' or '/' in a password makes something else
    String shown = TransportUri.redact(text);
    List<String> problems = new ArrayList<>();
    if (uri.userInfo() != null || text.replaceFirst("\\?.*", "").contains("@")) {
      problems.add("'%s' has user info. %s".formatted(shown, WHERE_ELSE));
    }
    if (uri.path() != null && !uri.path().isEmpty()) {
      problems.add("'%s' has a path; write kafka://host:9092.".formatted(shown));
    }
    if (uri.authority().isEmpty()) {
      problems.add("'%s' names no broker; write kafka://host:9092.".formatted(shown));
    } else {
      builder.bootstrapServers(uri.authority());
    }
    number(uri, shown, PARTITIONS, builder::partitions, problems);
    number(uri, shown, REPLICATION, builder::replication, problems);
    flag(uri, shown, DELAYS, builder::delays, problems);
    String file = uri.parameters().get(PROPERTIES);
    if (file != null) {
      builder.propertiesFile(Path.of(file));
    }
    if (!problems.isEmpty()) {
      throw new ConfigurationException(problems);
    }
    return builder;
  }

  /** A property of Kafka's as a parameter, be it a secret or not, is told where it belongs. */
  private static TransportUri parse(String text) {
    try {
      return TransportUri.parse(text, Set.of(PARTITIONS, REPLICATION, DELAYS, PROPERTIES));
    } catch (ConfigurationException e) {
      List<String> problems = new ArrayList<>(e.problems());
      problems.add(WHERE_ELSE);
      throw new ConfigurationException(problems);
    }
  }

  private static void number(
      TransportUri uri, String shown, String name, IntConsumer setter, List<String> problems) {
    String value = uri.parameters().get(name);
    if (value == null) {
      return;
    }
    try {
      setter.accept(Integer.parseInt(value));
    } catch (NumberFormatException e) {
      problems.add("Parameter '%s' of '%s' is not a number.".formatted(name, shown));
    }
  }

  private static void flag(
      TransportUri uri,
      String shown,
      String name,
      Consumer<Boolean> setter,
      List<String> problems) {
    String value = uri.parameters().get(name);
    if (value == null) {
      return;
    }
    if (value.equals("true") || value.equals("false")) {
      setter.accept(value.equals("true"));
    } else {
      problems.add("Parameter '%s' of '%s' is neither true nor false.".formatted(name, shown));
    }
  }
}
