package dev.waybill.transport.kafka;

import dev.waybill.error.ConfigurationException;
import dev.waybill.transport.support.TransportUri;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** Reads a {@code kafka:} URI into a builder. */
final class KafkaUri {
  static final String SCHEME = "kafka";
  private static final String PARTITIONS = "partitions";
  private static final String REPLICATION = "replication";
  private static final String DELAYS = "delays";

  private KafkaUri() {}

  static KafkaTransport.Builder read(String text) {
    TransportUri uri = TransportUri.parse(text, Set.of(PARTITIONS, REPLICATION, DELAYS));
    KafkaTransport.Builder builder = KafkaTransport.builder();
    List<String> problems = new ArrayList<>();
    if (uri.userInfo() != null) {
      problems.add(
          "'%s' has user info, which Kafka's addresses don't: give the login with KafkaTransport.builder()"
                  .formatted(uri)
              + ".property(\"sasl.jaas.config\", …), \"sasl.mechanism\" and \"security.protocol\".");
    }
    if (uri.path() != null && !uri.path().isEmpty()) {
      problems.add("'%s' has a path; write kafka://host:9092.".formatted(uri));
    }
    if (uri.authority().isEmpty()) {
      problems.add("'%s' names no broker; write kafka://host:9092.".formatted(uri));
    } else {
      builder.bootstrapServers(uri.authority());
    }
    number(uri, PARTITIONS, builder::partitions, problems);
    number(uri, REPLICATION, builder::replication, problems);
    flag(uri, DELAYS, builder::delays, problems);
    if (!problems.isEmpty()) {
      throw new ConfigurationException(problems);
    }
    return builder;
  }

  private static void number(
      TransportUri uri, String name, IntConsumer setter, List<String> problems) {
    String value = uri.parameters().get(name);
    if (value == null) {
      return;
    }
    try {
      setter.accept(Integer.parseInt(value));
    } catch (NumberFormatException e) {
      problems.add("Parameter '%s' of '%s' is not a number.".formatted(name, uri));
    }
  }

  private static void flag(
      TransportUri uri, String name, Consumer<Boolean> setter, List<String> problems) {
    String value = uri.parameters().get(name);
    if (value == null) {
      return;
    }
    if (value.equals("true") || value.equals("false")) {
      setter.accept(value.equals("true"));
    } else {
      problems.add("Parameter '%s' of '%s' is neither true nor false.".formatted(name, uri));
    }
  }
}
