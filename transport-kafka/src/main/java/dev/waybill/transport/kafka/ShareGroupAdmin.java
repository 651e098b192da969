package dev.waybill.transport.kafka;

import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterShareGroupOffsetsOptions;
import org.apache.kafka.clients.admin.DescribeConsumerGroupsOptions;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sets or checks share groups: what brokers have of them, how one is configured, where it begins.
 */
final class ShareGroupAdmin {
  private static final Logger log = LoggerFactory.getLogger(ShareGroupAdmin.class);

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
  private final ShareGroupConfigs configs;

  ShareGroupAdmin(KafkaSettings settings, Admin admin, BrokerFeatures features, Deadline deadline) {
    this.settings = settings;
    this.admin = admin;
    this.features = features;
    this.deadline = deadline;
    this.configs = new ShareGroupConfigs(settings.recordLock(), admin, deadline);
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
    return configs.deliveryLimits();
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
    List<String> problems = configs.create(source);
    if (source instanceof Subscription && !begun && problems.isEmpty()) {
      begin(group, ends);
    }
    return problems;
  }

  /** Names what nobody looks at; asks nothing. */
  void assume(Source source) {
    log.info(
        "The share group '{}' (for {}) is assumed to have {}: with Kafka's own defaults it skips what"
            + " was sent before, and handles what was aborted",
        KafkaNames.group(source),
        source,
        configs.wanted());
  }

  /** What is missing or differs. */
  List<String> verify(Source source) {
    String group = KafkaNames.group(source);
    boolean begun = hasBegun(source);
    if (!begun && isConsumerGroup(group)) {
      return List.of(taken(source));
    }
    List<String> problems = new ArrayList<>(configs.verify(source));
    if (source instanceof Subscription && !begun) {
      problems.add(
          ("Kafka share group '%s' (for %s) has no offsets, so it is not set where to begin: set them"
                  + " with kafka-share-groups --reset-offsets, or start with CREATE.")
              .formatted(group, source));
    }
    return problems;
  }

  /** Whether the group has offsets of the source's topic. */
  boolean hasBegun(Source source) {
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
        throw KafkaErrors.asking(doing, SecurityErrors.READ, e);
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

  private static String taken(Source source) {
    String group = KafkaNames.group(source);
    return ("The %s is to be read with a share group, but Kafka group '%s' is a consumer group: to"
            + " change over, stop its members, delete it with kafka-consumer-groups --delete, and set"
            + " where the share group begins with kafka-share-groups --reset-offsets; or leave out"
            + " shareGroup(…).")
        .formatted(source, group);
  }
}
