package dev.waybill.transport.kafka;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes from a delay topic what has been moved on, now and then: its records are kept for ever
 * otherwise. At best effort, for it needs a right that not everybody has; what is not deleted now
 * is with the next. Used by the mover's thread alone; never waits for the broker.
 */
final class DelayCleaner {
  private static final Logger log = LoggerFactory.getLogger(DelayCleaner.class);

  private final String topic;
  private final @Nullable Admin admin;
  private final Duration interval;
  private final Map<TopicPartition, RecordsToDelete> moved = new HashMap<>();
  private final AtomicBoolean told = new AtomicBoolean();
  private Deadline next;

  /**
   * A cleaner.
   *
   * @param topic the delay topic
   * @param admin deletes; null if there shall be no administrative call
   */
  DelayCleaner(String topic, @Nullable Admin admin, Duration interval) {
    this.topic = "topic '" + topic + "'";
    this.admin = admin;
    this.interval = interval;
    this.next = Deadline.in(interval);
  }

  /** Notes that the group has committed an offset, so that nobody needs what is before. */
  void moved(TopicPartition partition, long before) {
    moved.put(partition, RecordsToDelete.beforeOffset(before));
  }

  /** Notes that a partition is lost, or its log was made anew: its offsets say nothing any more. */
  void forget(TopicPartition partition) {
    moved.remove(partition);
  }

  /** Deletes, if it is time to. */
  void clean() {
    if (moved.isEmpty() || !next.passed()) {
      return;
    }
    next = Deadline.in(interval);
    if (admin != null) {
      var unused =
          admin
              .deleteRecords(Map.copyOf(moved))
              .all()
              .whenComplete(
                  (done, error) -> {
                    if (error != null && !told.getAndSet(true)) {
                      log.info(
                          "What was moved on stays in a delay topic: {}",
                          SecurityErrors.refusal(
                              KafkaErrors.unwrapped(error), SecurityErrors.DELETE, topic));
                    }
                  });
    }
    moved.clear();
  }
}
