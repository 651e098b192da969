package dev.waybill.transport.kafka;

import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sets where the consumer groups of subscriptions begin. */
final class GroupAdmin {
  private static final Logger log = LoggerFactory.getLogger(GroupAdmin.class);

  private final Admin admin;
  private final Deadline deadline;

  GroupAdmin(Admin admin, Deadline deadline) {
    this.admin = admin;
    this.deadline = deadline;
  }

  /** Whether a group has committed offsets of a topic. */
  boolean hasBegun(String group, String topic) {
    String doing = "look at consumer group '" + group + "'";
    var options = new ListConsumerGroupOffsetsOptions().timeoutMs(deadline.remainingMillis());
    try {
      return AdminCalls.answer(
              admin.listConsumerGroupOffsets(group, options).partitionsToOffsetAndMetadata(),
              doing,
              deadline)
          .entrySet()
          .stream()
          .anyMatch(entry -> entry.getKey().topic().equals(topic) && entry.getValue() != null);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof GroupIdNotFoundException) {
        return false;
      }
      throw KafkaErrors.asking(doing, e);
    }
  }

  /**
   * Lets a group that has not begun begin at the end of a topic. If another instance does the same
   * at the same time, the offsets that are written last are no later than the moment at which
   * either found the group without any, so nothing published after the first start is left out.
   *
   * @param ends the topic's ends as they were before this call
   */
  void begin(String group, String topic, Map<TopicPartition, OffsetAndMetadata> ends) {
    if (hasBegun(group, topic)) {
      return;
    }
    String doing = "set where consumer group '" + group + "' begins";
    var options = new AlterConsumerGroupOffsetsOptions().timeoutMs(deadline.remainingMillis());
    try {
      var unused =
          AdminCalls.answer(
              admin.alterConsumerGroupOffsets(group, ends, options).all(), doing, deadline);
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof UnknownMemberIdException)) {
        throw KafkaErrors.asking(doing, SecurityErrors.READ, e);
      }
      log.debug("Consumer group {} has members already, so it has begun", group);
    }
  }
}
