package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.ReplyQueue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Looks at topics and makes them. */
final class TopicAdmin {
  /** Longer than any request waits, or a broker is away. */
  private static final Duration REPLIES_KEPT = Duration.ofHours(1);

  /** Kafka deletes whole segments only. */
  private static final Duration REPLY_SEGMENT = Duration.ofMinutes(15);

  private static final int DELAY_SEGMENT_BYTES = 32 * 1024 * 1024;

  private final KafkaSettings settings;
  private final Admin admin;
  private final Deadline deadline;

  TopicAdmin(KafkaSettings settings, Admin admin, Deadline deadline) {
    this.settings = settings;
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
   * Makes topics; one that somebody else makes at the same time is as good.
   *
   * @param topics their names, and what they are for
   */
  void create(Map<String, Channel> topics, Collection<String> deadLetterTopics) {
    if (topics.isEmpty()) {
      return;
    }
    List<NewTopic> wanted = new ArrayList<>();
    topics.forEach(
        (name, channel) -> {
          if (channel instanceof ReplyQueue) {
            wanted.add(replyTopic(name));
          } else {
            wanted.add(deadLetterTopics.contains(name) ? deadLetterTopic(name) : topic(name));
          }
        });
    create(wanted);
  }

  /** Makes a delay topic; one that somebody else makes at the same time is as good. */
  void createDelayTopic(String name) {
    create(List.of(delayTopic(name)));
  }

  private void create(Collection<NewTopic> wanted) {
    var options = new CreateTopicsOptions().timeoutMs(deadline.remainingMillis());
    admin
        .createTopics(wanted, options)
        .values()
        .forEach(
            (name, future) -> {
              String doing = "create topic '" + name + "'";
              try {
                var unused = AdminCalls.answer(future, doing, deadline);
              } catch (ExecutionException e) {
                if (!(e.getCause() instanceof TopicExistsException)) {
                  throw KafkaErrors.asking(doing, SecurityErrors.CREATE, e);
                }
              }
            });
  }

  /** Waits until every partition of the topics has a leader: creation returns before that. */
  Map<String, TopicDescription> awaitLeaders(Collection<String> names) {
    String doing = "wait for the leaders of the new topics";
    while (true) {
      Map<String, TopicDescription> found = describe(names);
      if (found.size() == names.size() && found.values().stream().allMatch(TopicAdmin::isLed)) {
        return found;
      }
      if (deadline.passed()) {
        throw new MessagingException(
            ErrorCode.TIMEOUT, "Could not %s on Kafka in time".formatted(doing));
      }
      AdminCalls.pause(doing);
    }
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
    while (true) {
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
  }

  private NewTopic topic(String name) {
    return new NewTopic(name, Optional.of(settings.partitions()), replication());
  }

  /**
   * One partition, for there is no order and little traffic; kept for ever, for it is evidence; and
   * with room for the evidence beside a message of the largest size.
   */
  private NewTopic deadLetterTopic(String name) {
    String largest = Integer.toString(KafkaCapabilities.maxDeadLetterBytes(settings));
    return new NewTopic(name, Optional.of(1), replication())
        .configs(Map.of("retention.ms", "-1", "max.message.bytes", largest));
  }

  /**
   * One partition, for each instance reads them all; and nothing is kept for long, for a reply that
   * nobody waits for is worth nothing.
   */
  private NewTopic replyTopic(String name) {
    return new NewTopic(name, Optional.of(1), replication())
        .configs(
            Map.of(
                "cleanup.policy", "delete",
                "retention.ms", Long.toString(REPLIES_KEPT.toMillis()),
                "segment.ms", Long.toString(REPLY_SEGMENT.toMillis())));
  }

  /**
   * Kept until it is deleted by those who move its records on; with the timestamps of those who
   * write, whose clocks say when a record is due; and with room for that beside a message of the
   * largest size. Segments are small, for only whole ones are given back to the disk.
   */
  private NewTopic delayTopic(String name) {
    int largest = KafkaCapabilities.maxDeadLetterBytes(settings);
    return new NewTopic(name, Optional.of(DelayLevels.PARTITIONS), replication())
        .configs(
            Map.of(
                "cleanup.policy", "delete",
                "retention.ms", "-1",
                "retention.bytes", "-1",
                "message.timestamp.type", "CreateTime",
                "segment.bytes", Integer.toString(Math.max(DELAY_SEGMENT_BYTES, largest)),
                "max.message.bytes", Integer.toString(largest)));
  }

  private Optional<Short> replication() {
    return settings.replication() == KafkaSettings.BROKER_DEFAULT
        ? Optional.empty()
        : Optional.of((short) settings.replication());
  }

  private static boolean isLed(TopicDescription topic) {
    return !topic.partitions().isEmpty()
        && topic.partitions().stream()
            .allMatch(partition -> partition.leader() != null && !partition.leader().isEmpty());
  }
}
