package dev.waybill.transport.kafka;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.jspecify.annotations.Nullable;

/** Which properties of Kafka's clients there are, and which of them a user may set. */
final class PropertyRules {
  static final String PRODUCER = "producer.";
  static final String CONSUMER = "consumer.";
  static final String ADMIN = "admin.";
  static final String USERNAME = "sasl.username";
  static final String PASSWORD = "sasl.password";

  private static final Map<String, Set<String>> CLIENTS =
      Map.of(
          PRODUCER, ProducerConfig.configNames(),
          CONSUMER, ConsumerConfig.configNames(),
          ADMIN, AdminClientConfig.configNames());
  private static final Set<String> KNOWN = new TreeSet<>(Set.of(USERNAME, PASSWORD));
  private static final Map<String, Rule> RULES = new HashMap<>();

  /** What a property may be; the remedy for all else. */
  private record Rule(Pattern allowed, String remedy) {}

  static {
    CLIENTS.values().forEach(KNOWN::addAll);
    refuse("call bootstrapServers(…) instead", "bootstrap.servers");
    refuse("Waybill needs brokers: call bootstrapServers(…) instead", "bootstrap.controllers");
    refuse("call deliveryTimeout(…) instead", "delivery.timeout.ms");
    refuse("the credit of a receiver says it", "max.poll.records");
    refuse("a send's deadline says it", "max.block.ms");
    refuse("the topology names the groups", "group.id", "group.instance.id");
    refuse("Waybill commits by itself", "auto.commit.interval.ms");
    refuse(
        "it is internal to Kafka's clients", "internal.throw.on.fetch.stable.offset.unsupported");
    fixed("all|-1", "acks");
    fixed("true", "enable.idempotence", "check.crcs");
    fixed("false", "enable.auto.commit", "allow.auto.create.topics", "partitioner.ignore.keys");
    fixed("earliest", "auto.offset.reset");
    fixed("read_committed", "isolation.level");
    fixed("2147483647", "retries");
    rule(
        "[1-5]",
        "give 1 to 5: with more of them Kafka can't keep the order",
        "max.in.flight.requests.per.connection");
    fixed(
        "",
        "transactional.id",
        "transaction.two.phase.commit.enable",
        "key.serializer",
        "value.serializer",
        "partitioner.class",
        "key.deserializer",
        "value.deserializer",
        "partition.assignment.strategy",
        "share.acknowledgement.mode",
        "share.acquire.mode");
    rule(
        "https",
        "a broker must prove that it has the name that is called; leave it out, and give the broker"
            + " a certificate with that name",
        "ssl.endpoint.identification.algorithm");
  }

  private PropertyRules() {}

  /** What is wrong with a user's property; null if nothing is. */
  static @Nullable String problem(String name, PropertySources.Property property) {
    String client = client(name);
    String plain = name.substring(client.length());
    String where = property.origin();
    if (!known(client).contains(plain) && !isOfConfigProvider(plain)) {
      return ("property \"%s\"%s is unknown to Kafka's clients; the nearest known is \"%s\". One of"
              + " a plug-in is given with pluginProperty(…).")
          .formatted(name, where, client + nearest(plain, known(client)));
    }
    if (plain.equals("interceptor.classes") && client.isEmpty()) {
      return "property \"%s\"%s can't be set: write \"producer.%s\" or \"consumer.%s\"."
          .formatted(name, where, name, name);
    }
    Rule rule = RULES.get(plain);
    return rule == null || rule.allowed().matcher(plainValue(property)).matches()
        ? null
        : "property \"%s\"%s can't be set: %s.".formatted(name, where, rule.remedy());
  }

  /** The client for which alone a property is, as {@code producer.}; empty if it is for all. */
  static String client(String name) {
    for (String client : CLIENTS.keySet()) {
      if (name.startsWith(client)) {
        return client;
      }
    }
    return "";
  }

  /** What the names of properties for one client alone begin with. */
  static Set<String> clients() {
    return CLIENTS.keySet();
  }

  static boolean isKnown(String name) {
    return KNOWN.contains(name) || isOfConfigProvider(name);
  }

  private static Set<String> known(String client) {
    return CLIENTS.getOrDefault(client, KNOWN);
  }

  /** Their names are made up by the user: {@code config.providers.<name>.class}. */
  private static boolean isOfConfigProvider(String name) {
    return name.startsWith("config.providers.");
  }

  private static String plainValue(PropertySources.Property property) {
    return property.value().strip().toLowerCase(Locale.ROOT);
  }

  /** The known name that fewest changes of single characters lead to. */
  private static String nearest(String name, Collection<String> names) {
    List<String> all = new ArrayList<>(new TreeSet<>(names));
    String nearest = all.get(0);
    int least = Integer.MAX_VALUE;
    for (String candidate : all) {
      int distance = distance(name.toLowerCase(Locale.ROOT).replace('_', '.'), candidate);
      if (distance < least) {
        least = distance;
        nearest = candidate;
      }
    }
    return nearest;
  }

  /** Levenshtein's. */
  private static int distance(String one, String other) {
    int[] above = new int[other.length() + 1];
    Arrays.setAll(above, i -> i);
    for (int i = 1; i <= one.length(); i++) {
      int[] row = new int[other.length() + 1];
      row[0] = i;
      for (int j = 1; j <= other.length(); j++) {
        int changed = above[j - 1] + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(changed, 1 + Math.min(above[j], row[j - 1]));
      }
      above = row;
    }
    return above[other.length()];
  }

  private static void refuse(String remedy, String... names) {
    rule("(?!)", remedy, names);
  }

  private static void fixed(String allowed, String... names) {
    String value = allowed.isEmpty() ? "" : "; Waybill sets " + allowed.replace("|-1", "");
    rule(
        allowed.isEmpty() ? "(?!)" : allowed,
        "it is fixed, because the contract of delivery needs it" + value + ". Leave it out",
        names);
  }

  private static void rule(String allowed, String remedy, String... names) {
    for (String name : names) {
      RULES.put(name, new Rule(Pattern.compile(allowed), remedy));
    }
  }
}
