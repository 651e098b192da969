package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/** Looks at topics and makes them. */
final class TopicAdmin {
  /** With less time left the refusal is told, and nothing asked again. */
  private static final int ANSWER_MILLIS = 1_000;

  private final Admin admin;
  private final Deadline deadline;

  TopicAdmin(Admin admin, Deadline deadline) {
    this.admin = admin;
    this.deadline = deadline;
  }

  /** The topics that exist among {@code names}. */
  Map<String, TopicDescription> describe(Collection<String> names) {
    var options = new DescribeTopicsOptions().timeoutMs(deadline.remainingMillis());
    Map<String, TopicDescription> found = new HashMap<>();
    admin
        .describeTopics(names, options)
        .topicNameValues()
        .forEach(
            (name, future) -> {
              String doing = "look at topic '" + name + "'";
              try {
                found.put(name, AdminCalls.answer(future, doing, deadline));
              } catch (ExecutionException e) {
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                  throw KafkaErrors.asking(doing, e);
                }
              }
            });
    return found;
  }

  /**
   * Makes topics; one that somebody else makes at the same time is as good. A cluster that takes
   * all of its brokers for dead is asked again until a second before the deadline.
   *
   * @return what the broker does not allow, by topic
   */
  Map<String, String> create(Collection<TopicSpec> wanted) {
    Map<String, String> refused = new LinkedHashMap<>();
    Collection<TopicSpec> left = wanted;
    while (!left.isEmpty()) {
      left = create(left, refused);
      if (!left.isEmpty()) {
        AdminCalls.pause("create topics");
      }
    }
    return refused;
  }

  /**
   * Asks once.
   *
   * @param refused gets what the broker does not allow
   * @return those to ask for again
   */
  private List<TopicSpec> create(Collection<TopicSpec> wanted, Map<String, String> refused) {
    List<TopicSpec> again = new ArrayList<>();
    var options = new CreateTopicsOptions().timeoutMs(deadline.remainingMillis());
    var answers =
        admin.createTopics(wanted.stream().map(TopicSpec::toMake).toList(), options).values();
    for (TopicSpec spec : wanted) {
      String name = spec.name();
      String doing = "create topic '" + name + "'";
      try {
        var unused = AdminCalls.answer(Objects.requireNonNull(answers.get(name)), doing, deadline);
      } catch (ExecutionException e) {
        if (allAreFenced(e.getCause()) && deadline.remainingMillis() > ANSWER_MILLIS) {
          again.add(spec);
        } else if (isNotAllowed(e.getCause())) {
          refused.put(name, KafkaErrors.notMade(spec, KafkaErrors.unwrapped(e)));
        } else if (!(e.getCause() instanceof TopicExistsException)) {
          throw KafkaErrors.asking(doing, SecurityErrors.CREATE, e);
        }
      }
    }
    return again;
  }

  /**
   * As those that stood still are until their next heartbeats. Only the text tells it from more
   * replicas than there are brokers.
   */
  private static boolean allAreFenced(@Nullable Throwable error) {
    return error instanceof InvalidReplicationFactorException
        && String.valueOf(error.getMessage()).contains("All brokers are currently fenced");
  }

  /** A right that is missing is something else, though Kafka makes it an invalid configuration. */
  private static boolean isNotAllowed(@Nullable Throwable error) {
    return !(error instanceof AuthorizationException)
        && (error instanceof InvalidConfigurationException
            || error instanceof InvalidReplicationFactorException
            || error instanceof InvalidPartitionsException
            || error instanceof PolicyViolationException);
  }

  /**
   * The configurations of topics that exist, what the broker gives them included; a broker that
   * does not know of a new topic yet, as others do, is asked again.
   */
  Map<String, Map<String, String>> configs(Collection<String> names) {
    String doing = "look at the configuration of the topics";
    Map<String, Map<String, String>> found = new HashMap<>();
    while (found.size() < names.size()) {
      List<String> asked = names.stream().filter(name -> !found.containsKey(name)).toList();
      Set<String> unknown = configs(asked, found, doing);
      if (!unknown.isEmpty()) {
        if (deadline.passed()) {
          throw KafkaErrors.asking(
              doing, new UnknownTopicOrPartitionException("there is no topic " + unknown));
        }
        AdminCalls.pause(doing);
      }
    }
    return found;
  }

  /**
   * Asks once.
   *
   * @param found gets the answers
   * @return the topics that the broker does not know
   */
  private Set<String> configs(
      Collection<String> names, Map<String, Map<String, String>> found, String doing) {
    List<ConfigResource> resources =
        names.stream().map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name)).toList();
    var options = new DescribeConfigsOptions().timeoutMs(deadline.remainingMillis());
    Set<String> unknown = new TreeSet<>();
    Set<String> forbidden = new TreeSet<>();
    admin
        .describeConfigs(resources, options)
        .values()
        .forEach(
            (resource, future) -> {
              try {
                found.put(resource.name(), values(AdminCalls.answer(future, doing, deadline)));
              } catch (ExecutionException e) {
                if (e.getCause() instanceof TopicAuthorizationException) {
                  forbidden.add(resource.name());
                } else if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                  unknown.add(resource.name());
                } else {
                  throw KafkaErrors.asking(doing, SecurityErrors.DESCRIBE_CONFIGS, e);
                }
              }
            });
    if (!forbidden.isEmpty()) {
      throw KafkaErrors.asking(
          doing, SecurityErrors.DESCRIBE_CONFIGS, new TopicAuthorizationException(forbidden));
    }
    return unknown;
  }

  private static Map<String, String> values(Config config) {
    Map<String, String> values = new HashMap<>();
    for (ConfigEntry entry : config.entries()) {
      if (entry.value() != null) {
        values.put(entry.name(), entry.value());
      }
    }
    return values;
  }

  /** Waits until every partition of the topics has a leader: creation returns before that. */
  Map<String, TopicDescription> awaitLeaders(Collection<String> names) {
    Set<String> unled = Set.of();
    while (!names.isEmpty()) {
      Map<String, TopicDescription> found;
      try {
        found = describe(names);
      } catch (MessagingException e) {
        throw unled.isEmpty() || !deadline.passed() ? e : noLeader(unled);
      }
      unled = unled(names, found);
      if (unled.isEmpty()) {
        return found;
      }
      if (deadline.passed()) {
        throw noLeader(unled);
      }
      AdminCalls.pause("wait for the leaders of topics");
    }
    return Map.of();
  }

  private static MessagingException noLeader(Set<String> unled) {
    return new MessagingException(
        ErrorCode.TIMEOUT,
        "Kafka has no leader of %s: start the brokers that have their replicas, or delete the topic."
            .formatted(String.join(", ", unled)));
  }

  private static Set<String> unled(Collection<String> names, Map<String, TopicDescription> found) {
    Set<String> unled = new TreeSet<>();
    for (String name : names) {
      TopicDescription topic = found.get(name);
      if (topic == null || topic.partitions().isEmpty()) {
        unled.add("topic '" + name + "'");
      } else {
        topic.partitions().stream()
            .filter(partition -> !isLed(partition))
            .forEach(
                partition ->
                    unled.add("partition %d of topic '%s'".formatted(partition.partition(), name)));
      }
    }
    return unled;
  }

  /** Those of topics all of whose partitions have a leader. */
  static List<TopicDescription> led(Collection<TopicDescription> topics) {
    return topics.stream()
        .filter(topic -> topic.partitions().stream().allMatch(TopicAdmin::isLed))
        .toList();
  }

  /**
   * Where the partitions of topics end, by topic. Answers when every leader serves: one that has
   * been named in the metadata may still refuse messages for a moment, and a producer whose first
   * message to a partition is refused while its second is taken can't store the first one any more.
   *
   * <p>An open transaction ends a partition, for it appears when it commits.
   */
  Map<String, Map<TopicPartition, OffsetAndMetadata>> ends(Collection<TopicDescription> topics) {
    Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
    for (TopicDescription topic : topics) {
      for (TopicPartitionInfo partition : topic.partitions()) {
        latest.put(new TopicPartition(topic.name(), partition.partition()), OffsetSpec.latest());
      }
    }
    Map<String, Map<TopicPartition, OffsetAndMetadata>> ends = new HashMap<>();
    ends(latest)
        .forEach(
            (partition, end) ->
                ends.computeIfAbsent(partition.topic(), topic -> new HashMap<>())
                    .put(partition, new OffsetAndMetadata(end.offset())));
    return ends;
  }

  /** A broker that does not know of a new topic yet, as others do, is asked again. */
  private Map<TopicPartition, ListOffsetsResultInfo> ends(Map<TopicPartition, OffsetSpec> latest) {
    String doing = "look at the ends of the topics";
    while (!latest.isEmpty()) {
      var options =
          new ListOffsetsOptions(IsolationLevel.READ_COMMITTED)
              .timeoutMs(deadline.remainingMillis());
      try {
        return AdminCalls.answer(admin.listOffsets(latest, options).all(), doing, deadline);
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException) || deadline.passed()) {
          throw KafkaErrors.asking(doing, e);
        }
        AdminCalls.pause(doing);
      }
    }
    return Map.of();
  }

  private static boolean isLed(TopicPartitionInfo partition) {
    return partition.leader() != null && !partition.leader().isEmpty();
  }
}
