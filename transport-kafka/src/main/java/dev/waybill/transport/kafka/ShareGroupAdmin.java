package dev.waybill.transport.kafka;

import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.AlterShareGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.admin.DescribeConsumerGroupsOptions;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sets or checks the configurations of share groups, and where they begin. */
final class ShareGroupAdmin {
  private static final Logger log = LoggerFactory.getLogger(ShareGroupAdmin.class);

  private static final String LIMIT = "share.delivery.count.limit";
  private static final String RENEWAL = "share.renew.acknowledge.enable";
  private static final String LOCK = "share.record.lock.duration.ms";

  /** The most that brokers allow by default; a group that has a limit of its own keeps it. */
  private static final int DELIVERIES = 10;

  /** Kafka's default, for a group that was not looked at. */
  private static final int DELIVERIES_ASSUMED = 5;

  /**
   * How many deliveries are kept for dead-lettering: a message whose last one is lost is dropped by
   * the broker, so that one may be lost.
   */
  private static final int RESERVED = 2;

  private final KafkaSettings settings;
  private final Admin admin;
  private final BrokerFeatures features;
  private final Deadline deadline;
  private final Map<String, Integer> deliveryLimits = new HashMap<>();

  ShareGroupAdmin(KafkaSettings settings, Admin admin, BrokerFeatures features, Deadline deadline) {
    this.settings = settings;
    this.admin = admin;
    this.features = features;
    this.deadline = deadline;
  }

  /**
   * The last delivery of a message that is handled.
   *
   * @param limit how many deliveries its group allows, or null if that is not known
   */
  static int lastHandled(@Nullable Integer limit) {
    return Math.max(1, (limit == null ? DELIVERIES_ASSUMED : limit) - RESERVED);
  }

  /** How many deliveries the groups allow, as far as they were looked at. */
  Map<String, Integer> deliveryLimits() {
    return Map.copyOf(deliveryLimits);
  }

  /** Whether the broker has what the share groups of these sources need. */
  List<String> checkBroker(List<Source> sources) {
    if (features.shareGroups()) {
      return List.of();
    }
    return sources.stream()
        .map(
            source ->
                ("The %s is to be read with a share group, but the brokers at %s (%s) have none:"
                        + " upgrade them to Kafka 4.3 or later, enable the feature with"
                        + " kafka-features --feature share.version=1, or leave out shareGroup(…).")
                    .formatted(source, settings.bootstrapServers(), features.inWords()))
        .toList();
  }

  /**
   * Configures a group where it has nothing of its own, and lets that of a subscription begin at
   * the end of the topic.
   *
   * @param ends the topic's ends as they were before this call
   * @return what differs
   */
  List<String> create(Source source, Map<TopicPartition, OffsetAndMetadata> ends) {
    String group = KafkaNames.group(source);
    boolean begun = hasBegun(source);
    if (!begun && isConsumerGroup(group)) {
      return List.of(taken(source));
    }
    Map<String, ConfigEntry> found = configs(group);
    if (!found.containsKey(RENEWAL)) {
      return List.of(withoutRenewal(source));
    }
    Map<String, String> missing = wanted();
    missing.put(LIMIT, Integer.toString(DELIVERIES));
    missing.keySet().removeIf(name -> isOwn(found.get(name)));
    if (!missing.isEmpty()) {
      try {
        set(group, missing);
      } catch (InvalidConfigurationException e) {
        return List.of(refused(source, missing, e));
      }
    }
    if (source instanceof Subscription && !begun) {
      begin(group, ends);
    }
    return differences(source, missing.isEmpty() ? found : awaitConfigs(group, missing));
  }

  /** What is missing or differs. */
  List<String> verify(Source source) {
    String group = KafkaNames.group(source);
    boolean begun = hasBegun(source);
    if (!begun && isConsumerGroup(group)) {
      return List.of(taken(source));
    }
    List<String> problems = new ArrayList<>(differences(source, configs(group)));
    if (source instanceof Subscription && !begun) {
      problems.add(
          ("Kafka share group '%s' (for %s) has no offsets, so it is not set where to begin: set them"
                  + " with kafka-share-groups --reset-offsets, or start with CREATE.")
              .formatted(group, source));
    }
    return problems;
  }

  private Map<String, String> wanted() {
    Map<String, String> wanted = new LinkedHashMap<>();
    // for partitions that are added later too: nothing in them was sent before the group was made
    wanted.put("share.auto.offset.reset", "earliest");
    wanted.put("share.isolation.level", "read_committed");
    wanted.put(LOCK, Long.toString(settings.recordLock().toMillis()));
    wanted.put(RENEWAL, "true");
    return wanted;
  }

  private List<String> differences(Source source, Map<String, ConfigEntry> found) {
    if (!found.containsKey(RENEWAL)) {
      return List.of(withoutRenewal(source));
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

  private Map<String, ConfigEntry> configs(String group) {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.GROUP, group);
    var options = new DescribeConfigsOptions().timeoutMs(deadline.remainingMillis());
    Map<String, ConfigEntry> found = new HashMap<>();
    AdminCalls.answerOrFail(
            admin.describeConfigs(List.of(resource), options).all(),
            "look at the configuration of share group '" + group + "'",
            deadline)
        .values()
        .forEach(config -> config.entries().forEach(entry -> found.put(entry.name(), entry)));
    return found;
  }

  /** A change takes a moment until all brokers know it. */
  private Map<String, ConfigEntry> awaitConfigs(String group, Map<String, String> changed) {
    while (true) {
      Map<String, ConfigEntry> found = configs(group);
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
      if (e.getCause() instanceof InvalidConfigurationException invalid) {
        throw invalid;
      }
      throw KafkaErrors.asking(doing, e);
    }
  }

  private boolean hasBegun(Source source) {
    String group = KafkaNames.group(source);
    var options = new ListShareGroupOffsetsOptions().timeoutMs(deadline.remainingMillis());
    String topic = KafkaNames.topicOf(source);
    return AdminCalls.answerOrFail(
            admin
                .listShareGroupOffsets(Map.of(group, new ListShareGroupOffsetsSpec()), options)
                .partitionsToOffsetInfo(group),
            "look at share group '" + group + "'",
            deadline)
        .entrySet()
        .stream()
        .anyMatch(entry -> entry.getKey().topic().equals(topic) && entry.getValue() != null);
  }

  /** If another instance does the same at the same time, either's ends are early enough. */
  private void begin(String group, Map<TopicPartition, OffsetAndMetadata> ends) {
    String doing = "set where share group '" + group + "' begins";
    Map<TopicPartition, Long> offsets = new HashMap<>();
    ends.forEach((partition, end) -> offsets.put(partition, end.offset()));
    var options = new AlterShareGroupOffsetsOptions().timeoutMs(deadline.remainingMillis());
    try {
      var unused =
          AdminCalls.answer(
              admin.alterShareGroupOffsets(group, offsets, options).all(), doing, deadline);
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof GroupNotEmptyException)) {
        throw KafkaErrors.asking(doing, e);
      }
      log.debug("Share group {} has members already, so it has begun", group);
    }
  }

  private boolean isConsumerGroup(String group) {
    String doing = "look at group '" + group + "'";
    var options = new DescribeConsumerGroupsOptions().timeoutMs(deadline.remainingMillis());
    try {
      var unused =
          AdminCalls.answer(
              admin.describeConsumerGroups(List.of(group), options).all(), doing, deadline);
      return true;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof GroupIdNotFoundException) {
        return false;
      }
      throw KafkaErrors.asking(doing, e);
    }
  }

  private static String refused(
      Source source, Map<String, String> changes, InvalidConfigurationException reason) {
    return ("Kafka refuses the configuration %s of share group '%s' (for %s): %s Give recordLock(…)"
            + " as the brokers allow it, or set on the group, with kafka-configs, what they allow.")
        .formatted(changes, KafkaNames.group(source), source, reason.getMessage());
  }

  private static String taken(Source source) {
    String group = KafkaNames.group(source);
    return ("The %s is to be read with a share group, but Kafka group '%s' is a consumer group: to"
            + " change over, stop its members, delete it with kafka-consumer-groups --delete, and set"
            + " where the share group begins with kafka-share-groups --reset-offsets; or leave out"
            + " shareGroup(…).")
        .formatted(source, group);
  }

  private String withoutRenewal(Source source) {
    return ("The %s is to be read with a share group, but the brokers at %s (%s) can't renew its"
            + " locks: upgrade them to Kafka 4.3 or later, or leave out shareGroup(…).")
        .formatted(source, settings.bootstrapServers(), features.inWords());
  }
}
