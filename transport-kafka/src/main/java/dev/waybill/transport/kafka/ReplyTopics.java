package dev.waybill.transport.kafka;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.common.errors.InterruptException;

/**
 * Looks whether the topic of a requester exists before the first reply to it: its name comes from a
 * message, and a producer that is given the name of a topic that does not exist may make it, or
 * asks for it until it is closed. Thread-safe.
 */
final class ReplyTopics {
  private final Admin admin;
  private final Set<String> known = ConcurrentHashMap.newKeySet();

  ReplyTopics(Admin admin) {
    this.admin = admin;
  }

  /**
   * Blocks at the first reply to a topic, at most until the deadline.
   *
   * @throws dev.waybill.error.SendException rejected, if the topic does not exist or can't be
   *     looked at
   */
  void check(String topic, Duration allowed) {
    if (known.contains(topic)) {
      return;
    }
    Deadline deadline = Deadline.in(allowed);
    var options = new DescribeTopicsOptions().timeoutMs(deadline.remainingMillis());
    try {
      var unused =
          admin
              .describeTopics(List.of(topic), options)
              .allTopicNames()
              .get(deadline.remainingMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw KafkaErrors.unsentReply(topic, KafkaErrors.unwrapped(e), allowed);
    } catch (InterruptedException e) {
      throw KafkaErrors.unsentReply(topic, new InterruptException(e), allowed);
    }
    known.add(topic);
  }

  /** Its topic was not there when it was sent to: looks again before the next reply. */
  void forget(String topic) {
    known.remove(topic);
  }
}
