package dev.waybill.transport.kafka;

import dev.waybill.error.MessagingException;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.transport.Topology;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes or looks at the topics and the starting offsets of subscriptions. */
final class KafkaTopology {
  /** A missing topic must not hold up the start when it was not asked for. */
  private static final Duration WARM_UP_ASSUMED = Duration.ofSeconds(2);

  /** How long a topic that was there already may hold up the start. */
  private static final Duration OTHERS = Duration.ofSeconds(2);

  private static final Logger log = LoggerFactory.getLogger(KafkaTopology.class);

  private final Admin admin;
  private final TopicSpecs specs;
  private final DelayLevels levels;
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
    this.admin = admin;
    this.shared = settings.shareGroups();
    this.shareGroups = shareGroups;
    this.specs = new TopicSpecs(settings);
    this.levels = settings.delays().levels();
    this.sender = sender;
    this.deadline = deadline;
    this.topics = new TopicAdmin(admin, deadline);
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
        shared.of(topology).forEach(shareGroups::assume);
        warmUp(topology, deadline.orIn(WARM_UP_ASSUMED));
        yield List.of();
      }
    };
  }

  /**
   * Waits for what was made, and for what tells where a group begins, only: with one partition of
   * an old topic that has no leader all others can still be worked with.
   */
  private List<String> create(Topology topology) {
    Map<String, TopicSpec> wanted = specs.of(topology);
    Map<String, TopicDescription> found = new HashMap<>(topics.describe(wanted.keySet()));
    Map<String, TopicSpec> missing = new LinkedHashMap<>(wanted);
    missing.keySet().removeAll(found.keySet());
    Map<String, String> refused = topics.create(missing.values());
    Map<String, TopicSpec> made = new LinkedHashMap<>(missing);
    made.keySet().removeAll(refused.keySet());
    found.putAll(topics.awaitLeaders(made.keySet()));
    List<String> problems = new ArrayList<>(refused.values());
    problems.addAll(differences(wanted, found));
    if (!problems.isEmpty()) {
      return problems;
    }
    var ends = topics.ends(topics.awaitLeaders(endsNeeded(topology, made.keySet())).values());
    awaitOthers(found, ends.keySet());
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
    return problems;
  }

  /** What is new, and the topics of subscriptions that have not begun. */
  private Set<String> endsNeeded(Topology topology, Set<String> made) {
    Set<String> needed = new TreeSet<>(made);
    for (Source source : topology.sources()) {
      String topic = KafkaNames.topicOf(source);
      if (source instanceof Subscription && !needed.contains(topic) && !hasBegun(source)) {
        needed.add(topic);
      }
    }
    return needed;
  }

  private boolean hasBegun(Source source) {
    return shared.has(source)
        ? shareGroups.hasBegun(source)
        : groups.hasBegun(KafkaNames.group(source), KafkaNames.topicOf(source));
  }

  /** Perhaps another instance made them just now, and not every leader serves yet. */
  private void awaitOthers(Map<String, TopicDescription> found, Set<String> served) {
    List<TopicDescription> others =
        TopicAdmin.led(found.values()).stream()
            .filter(topic -> !served.contains(topic.name()))
            .toList();
    try {
      var unused = new TopicAdmin(admin, deadline.orIn(OTHERS)).ends(others);
    } catch (MessagingException e) {
      log.debug("Not all leaders of the topics that were there serve", e);
    }
  }

  private List<String> differences(
      Map<String, TopicSpec> wanted, Map<String, TopicDescription> found) {
    var configs = topics.configs(found.keySet());
    List<String> problems = new ArrayList<>();
    wanted.forEach(
        (name, spec) -> {
          TopicDescription topic = found.get(name);
          if (topic != null) {
            var config = configs.getOrDefault(name, Map.of());
            problems.addAll(TopicDifferences.of(spec, topic, config, levels));
          }
        });
    return problems;
  }

  private List<String> verify(Topology topology) {
    List<String> problems = new ArrayList<>();
    Map<String, TopicSpec> wanted = specs.of(topology);
    Map<String, TopicDescription> found = topics.describe(wanted.keySet());
    wanted.forEach(
        (name, spec) -> {
          if (!found.containsKey(name)) {
            problems.add(KafkaErrors.missing(spec));
          }
        });
    problems.addAll(differences(wanted, found));
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
}
