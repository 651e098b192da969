package dev.waybill.transport.kafka;

import dev.waybill.routing.Channel;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.transport.Topology;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;

/** Makes or looks at the topics and the starting offsets of subscriptions. */
final class KafkaTopology {
  /** A missing topic must not hold up the start when it was not asked for. */
  private static final Duration WARM_UP_ASSUMED = Duration.ofSeconds(2);

  private final boolean delays;
  private final KafkaSender sender;
  private final Deadline deadline;
  private final TopicAdmin topics;
  private final GroupAdmin groups;
  private final ShareGroups shared;
  private final ShareGroupAdmin shareGroups;

  KafkaTopology(
      KafkaSettings settings,
      Admin admin,
      ShareGroupAdmin shareGroups,
      KafkaSender sender,
      Deadline deadline) {
    this.shared = settings.shareGroups();
    this.shareGroups = shareGroups;
    this.delays = settings.delays().fromStart();
    this.sender = sender;
    this.deadline = deadline;
    this.topics = new TopicAdmin(settings, admin, deadline);
    this.groups = new GroupAdmin(admin, deadline);
  }

  List<String> prepare(Topology topology, Topology.Mode mode) {
    List<String> problems = shareGroups.checkBroker(shared.of(topology));
    if (!problems.isEmpty()) {
      return problems;
    }
    return switch (mode) {
      case CREATE -> create(topology);
      case VERIFY -> verify(topology);
      case ASSUME -> {
        warmUp(topology, deadline.orIn(WARM_UP_ASSUMED));
        yield List.of();
      }
    };
  }

  private List<String> create(Topology topology) {
    Map<String, Channel> needed = KafkaNames.topics(topology);
    Map<String, Channel> missing = new LinkedHashMap<>(needed);
    missing.keySet().removeAll(topics.describe(needed.keySet()).keySet());
    topics.create(missing, deadLetterTopics(topology));
    Set<String> all = new LinkedHashSet<>(needed.keySet());
    all.addAll(createDelayTopics(topology));
    Map<String, TopicDescription> found = topics.awaitLeaders(all);
    var ends = topics.ends(found.values());
    List<String> problems = new ArrayList<>();
    for (Source source : topology.sources()) {
      if (shared.has(source)) {
        problems.addAll(
            shareGroups.create(source, ends.getOrDefault(KafkaNames.topicOf(source), Map.of())));
      } else if (source instanceof Subscription) {
        String topic = KafkaNames.topicOf(source);
        groups.begin(KafkaNames.group(source), topic, ends.getOrDefault(topic, Map.of()));
      }
    }
    warmUp(topology, deadline);
    problems.addAll(delayProblems(topology, found));
    return problems;
  }

  private Set<String> createDelayTopics(Topology topology) {
    Set<String> names = delayTopics(topology);
    Set<String> missing = new LinkedHashSet<>(names);
    missing.removeAll(topics.describe(names).keySet());
    missing.forEach(topics::createDelayTopic);
    return names;
  }

  private List<String> delayProblems(Topology topology, Map<String, TopicDescription> found) {
    List<String> problems = new ArrayList<>();
    for (String name : delayTopics(topology)) {
      TopicDescription topic = found.get(name);
      int partitions = topic == null ? 0 : topic.partitions().size();
      if (partitions < DelayLevels.PARTITIONS) {
        problems.add(KafkaErrors.delayTopic(name, partitions));
      }
    }
    return problems;
  }

  private Set<String> delayTopics(Topology topology) {
    return delays ? KafkaNames.delayTopics(topology) : Set.of();
  }

  private List<String> verify(Topology topology) {
    List<String> problems = new ArrayList<>();
    Map<String, Channel> needed = KafkaNames.topics(topology);
    Map<String, TopicDescription> found = topics.describe(needed.keySet());
    needed.forEach(
        (topic, channel) -> {
          if (!found.containsKey(topic)) {
            problems.add(
                "Kafka topic '%s' (for %s) does not exist: create it, or start with CREATE."
                    .formatted(topic, channel));
          }
        });
    problems.addAll(delayProblems(topology, topics.describe(delayTopics(topology))));
    for (Source source : topology.sources()) {
      if (shared.has(source)) {
        problems.addAll(shareGroups.verify(source));
      } else if (source instanceof Subscription
          && !groups.hasBegun(KafkaNames.group(source), KafkaNames.topicOf(source))) {
        problems.add(
            ("Kafka consumer group '%s' (for %s) has no committed offsets, so it is not set where to"
                    + " begin: commit them with kafka-consumer-groups --reset-offsets, or start with"
                    + " CREATE.")
                .formatted(KafkaNames.group(source), source));
      }
    }
    if (problems.isEmpty()) {
      warmUp(topology, deadline);
    }
    return problems;
  }

  private void warmUp(Topology topology, Deadline until) {
    List<String> names = topology.channels().stream().map(KafkaNames::topic).toList();
    sender.warmUp(names, until);
  }

  private static List<String> deadLetterTopics(Topology topology) {
    return topology.deadLetterQueues().stream().map(KafkaNames::topic).toList();
  }
}
