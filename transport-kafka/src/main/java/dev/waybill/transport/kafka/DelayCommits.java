package dev.waybill.transport.kafka;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.OffsetMetadataTooLarge;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commits what has been moved on. A commit that fails is contained in the next one; without a next
 * one, messages are moved, and come, again. Used by the mover's thread alone.
 */
final class DelayCommits {
  private static final Logger log = LoggerFactory.getLogger(DelayCommits.class);

  /** More often would load the broker; more seldom would repeat more after a crash. */
  private static final Duration INTERVAL = Duration.ofMillis(200);

  private static final Duration LAST = Duration.ofSeconds(1);

  private final Consumer<byte[], byte[]> consumer;
  private final DelayCleaner cleaner;
  private Deadline next = Deadline.in(INTERVAL);
  private boolean inFlight;
  private long confirmed;
  private boolean withoutMetadata;

  /**
   * Commits.
   *
   * @param cleaner is told what is committed
   */
  DelayCommits(Consumer<byte[], byte[]> consumer, DelayCleaner cleaner) {
    this.consumer = consumer;
    this.cleaner = cleaner;
  }

  /**
   * Begins a commit if there is something new, and the last one has an answer and is old enough.
   */
  void soon(Collection<DelayLane> lanes) {
    if (inFlight || !next.passed()) {
      return;
    }
    next = Deadline.in(INTERVAL);
    cleaner.clean();
    Map<DelayLane, OffsetAndMetadata> commits = uncommitted(lanes);
    if (commits.isEmpty()) {
      return;
    }
    inFlight = true;
    consumer.commitAsync(
        byPartition(commits),
        (offsets, error) -> {
          inFlight = false;
          if (error == null) {
            committed(commits);
          } else {
            failed(error);
          }
        });
  }

  /** How many commits were confirmed. */
  long confirmed() {
    return confirmed;
  }

  /** Commits and waits for the confirmation, a second at most. */
  void now(Collection<DelayLane> lanes) {
    Map<DelayLane, OffsetAndMetadata> commits = uncommitted(lanes);
    if (commits.isEmpty()) {
      return;
    }
    try {
      consumer.commitSync(byPartition(commits), LAST);
      committed(commits);
    } catch (KafkaException e) {
      failed(e);
    }
  }

  private Map<DelayLane, OffsetAndMetadata> uncommitted(Collection<DelayLane> lanes) {
    Map<DelayLane, OffsetAndMetadata> commits = new HashMap<>();
    for (DelayLane lane : lanes) {
      OffsetAndMetadata offset = lane.uncommitted();
      if (offset != null) {
        commits.put(lane, withoutMetadata ? new OffsetAndMetadata(offset.offset()) : offset);
      }
    }
    return commits;
  }

  private void committed(Map<DelayLane, OffsetAndMetadata> commits) {
    confirmed++;
    commits.forEach(
        (lane, offset) -> {
          lane.committed(offset);
          if (lane.isOwned()) {
            cleaner.moved(lane.partition(), offset.offset());
          }
        });
  }

  private void failed(Exception error) {
    log.debug("A commit of what was moved on failed", error);
    withoutMetadata |= error instanceof OffsetMetadataTooLarge;
  }

  private static Map<TopicPartition, OffsetAndMetadata> byPartition(
      Map<DelayLane, OffsetAndMetadata> commits) {
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    commits.forEach((lane, offset) -> offsets.put(lane.partition(), offset));
    return offsets;
  }
}
