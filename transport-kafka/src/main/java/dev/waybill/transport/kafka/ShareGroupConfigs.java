package dev.waybill.transport.kafka;

import dev.waybill.routing.Source;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.jspecify.annotations.Nullable;

/** Sets or checks the configurations of share groups. */
final class ShareGroupConfigs {
  private static final String LIMIT = "share.delivery.count.limit";
  private static final String RENEWAL = "share.renew.acknowledge.enable";
  private static final String LOCK = "share.record.lock.duration.ms";

  /** The most that brokers allow by default; a group that has a limit of its own keeps it. */
  private static final int DELIVERIES = 10;

  private final Duration recordLock;
  private final Admin admin;
  private final Deadline deadline;
  private final Map<String, Integer> deliveryLimits = new HashMap<>();

  ShareGroupConfigs(Duration recordLock, Admin admin, Deadline deadline) {
    this.recordLock = recordLock;
    this.admin = admin;
    this.deadline = deadline;
  }

  /** How many deliveries the groups allow, as far as they were looked at. */
  Map<String, Integer> deliveryLimits() {
    return Map.copyOf(deliveryLimits);
  }

  /** Sets what a group has not of its own; returns what differs. */
  List<String> create(Source source) {
    String group = KafkaNames.group(source);
    Map<String, ConfigEntry> found = configs(group, SecurityErrors.ALTER_CONFIGS);
    Map<String, String> missing = wanted();
    missing.put(LIMIT, Integer.toString(DELIVERIES));
    missing.keySet().removeIf(name -> isOwn(found.get(name)));
    if (missing.isEmpty() || !found.containsKey(RENEWAL)) {
      return differences(source, found);
    }
    try {
      set(group, missing);
    } catch (InvalidConfigurationException e) {
      return List.of(
          ("Kafka refuses the configuration %s of share group '%s' (for %s): %s Give recordLock(…)"
                  + " as the brokers allow it, or set on the group, with kafka-configs, what they"
                  + " allow.")
              .formatted(missing, group, source, e.getMessage()));
    }
    return differences(source, awaitConfigs(group, missing));
  }

  /** What differs. */
  List<String> verify(Source source) {
    return differences(source, configs(KafkaNames.group(source), SecurityErrors.DESCRIBE_CONFIGS));
  }

  /** What a group has to have. */
  Map<String, String> wanted() {
    Map<String, String> wanted = new LinkedHashMap<>();
    // for partitions that are added later too: nothing in them was sent before the group was made
    wanted.put("share.auto.offset.reset", "earliest");
    wanted.put("share.isolation.level", "read_committed");
    wanted.put(LOCK, Long.toString(recordLock.toMillis()));
    wanted.put(RENEWAL, "true");
    return wanted;
  }

  private List<String> differences(Source source, Map<String, ConfigEntry> found) {
    if (!found.containsKey(RENEWAL)) {
      return List.of(
          ("The %s is to be read with a share group, but these brokers can't renew its locks: upgrade"
                  + " them to Kafka 4.3 or later, or leave out shareGroup(…).")
              .formatted(source));
    }
    String group = KafkaNames.group(source);
    List<String> problems = new ArrayList<>();
    wanted()
        .forEach(
            (name, value) -> {
              String there = value(found, name);
              if (!value.equals(there)) {
                problems.add(
                    "Kafka share group '%s' (for %s) has %s=%s instead of %s: change it with kafka-configs --group %s%s."
                        .formatted(
                            group,
                            source,
                            name,
                            there,
                            value,
                            group,
                            name.equals(LOCK) ? ", or give recordLock(…) as it is" : ""));
              }
            });
    String limit = value(found, LIMIT);
    if (limit != null) {
      deliveryLimits.put(group, Integer.parseInt(limit));
    }
    return problems;
  }

  /** Whether the group has a value of its own, rather than the broker's default. */
  private static boolean isOwn(@Nullable ConfigEntry entry) {
    return entry != null && entry.source() == ConfigEntry.ConfigSource.DYNAMIC_GROUP_CONFIG;
  }

  private static @Nullable String value(Map<String, ConfigEntry> found, String name) {
    ConfigEntry entry = found.get(name);
    return entry == null ? null : entry.value();
  }

  private Map<String, ConfigEntry> configs(String group, String right) {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.GROUP, group);
    var options = new DescribeConfigsOptions().timeoutMs(deadline.remainingMillis());
    Map<String, ConfigEntry> found = new HashMap<>();
    String doing = "look at the configuration of share group '" + group + "'";
    try {
      AdminCalls.answer(admin.describeConfigs(List.of(resource), options).all(), doing, deadline)
          .values()
          .forEach(config -> config.entries().forEach(entry -> found.put(entry.name(), entry)));
    } catch (ExecutionException e) {
      throw KafkaErrors.asking(doing, right, e);
    }
    return found;
  }

  /** A change takes a moment until all brokers know it. */
  private Map<String, ConfigEntry> awaitConfigs(String group, Map<String, String> changed) {
    while (true) {
      Map<String, ConfigEntry> found = configs(group, SecurityErrors.ALTER_CONFIGS);
      boolean known =
          changed.entrySet().stream()
              .allMatch(entry -> entry.getValue().equals(value(found, entry.getKey())));
      if (known || deadline.passed()) {
        return found;
      }
      AdminCalls.pause("configure share group '" + group + "'");
    }
  }

  private void set(String group, Map<String, String> changes) {
    String doing = "configure share group '" + group + "'";
    ConfigResource resource = new ConfigResource(ConfigResource.Type.GROUP, group);
    List<AlterConfigOp> operations = new ArrayList<>();
    changes.forEach(
        (name, value) ->
            operations.add(
                new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET)));
    var options = new AlterConfigsOptions().timeoutMs(deadline.remainingMillis());
    try {
      var unused =
          AdminCalls.answer(
              admin.incrementalAlterConfigs(Map.of(resource, operations), options).all(),
              doing,
              deadline);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof InvalidConfigurationException invalid
          && !(invalid instanceof AuthorizationException)) {
        throw invalid;
      }
      throw KafkaErrors.asking(doing, SecurityErrors.ALTER_CONFIGS, e);
    }
  }
}
