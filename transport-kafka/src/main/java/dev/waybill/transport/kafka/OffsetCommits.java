package dev.waybill.transport.kafka;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.OffsetMetadataTooLarge;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commits what is settled, of partitions that are owned at this moment only. Used by the polling
 * thread alone.
 *
 * <p>A commit that fails is not repeated by itself: what it said is contained in the next one.
 */
final class OffsetCommits implements Commits {
  /** More often would load the broker; more seldom would repeat more after a crash. */
  private static final Duration INTERVAL = Duration.ofMillis(100);

  private static final Logger log = LoggerFactory.getLogger(OffsetCommits.class);

  private final Consumer<byte[], byte[]> consumer;
  private Deadline notBefore = Deadline.in(INTERVAL);
  private boolean inFlight;
  private boolean withoutMetadata;
  private @Nullable AuthorizationException refused;

  OffsetCommits(Consumer<byte[], byte[]> consumer) {
    this.consumer = consumer;
  }

  /**
   * Begins a commit if something changed and the last one has an answer and is old enough.
   *
   * @throws AuthorizationException if the group refused an earlier one: it will refuse them all,
   *     and Kafka's consumer would not tell before its session ends
   */
  @Override
  public void soon(Collection<PartitionWork> works) {
    if (refused != null) {
      throw refused;
    }
    if (inFlight || !notBefore.passed()) {
      return;
    }
    Map<PartitionWork, OffsetAndMetadata> commits = uncommitted(works);
    if (commits.isEmpty()) {
      return;
    }
    inFlight = true;
    notBefore = Deadline.in(INTERVAL);
    consumer.commitAsync(
        byPartition(commits),
        (offsets, error) -> {
          inFlight = false;
          if (error == null) {
            commits.forEach(PartitionWork::committed);
          } else {
            failed(commits, error);
          }
        });
  }

  @Override
  public void rebalancing(Collection<PartitionWork> works) {}

  @Override
  public void ending(Collection<PartitionWork> works, Deadline deadline) {}

  @Override
  public boolean areElsewhere() {
    return false;
  }

  @Override
  public void now(Collection<PartitionWork> works, Deadline deadline) {
    if (inFlight) { // it may still fail, and there is no next one then
      works.forEach(PartitionWork::notCommitted);
    }
    Map<PartitionWork, OffsetAndMetadata> commits = uncommitted(works);
    if (commits.isEmpty()) {
      return;
    }
    try {
      commitSync(byPartition(commits), deadline);
      commits.forEach(PartitionWork::committed);
    } catch (RuntimeException e) {
      failed(commits, e);
      throw e;
    }
  }

  private void commitSync(Map<TopicPartition, OffsetAndMetadata> offsets, Deadline deadline) {
    while (true) {
      try {
        consumer.commitSync(offsets, Duration.ofMillis(deadline.remainingMillis()));
        return;
      } catch (WakeupException e) {
        if (deadline.passed()) {
          throw e;
        }
      }
    }
  }

  private void failed(Map<PartitionWork, OffsetAndMetadata> commits, Exception error) {
    log.debug("A commit of offsets failed; the next one contains it", error);
    if (error instanceof OffsetMetadataTooLarge && !withoutMetadata) {
      withoutMetadata = true;
      log.warn(
          "The broker allows less than {} characters of commit metadata: after a restart messages"
              + " settled out of order may be delivered again; raise offset.metadata.max.bytes",
          CommitMetadata.MAX_LENGTH);
    }
    if (error instanceof AuthorizationException refusal) {
      refused = refusal;
    }
    commits.keySet().forEach(PartitionWork::notCommitted);
  }

  private Map<PartitionWork, OffsetAndMetadata> uncommitted(Collection<PartitionWork> works) {
    Map<PartitionWork, OffsetAndMetadata> commits = new HashMap<>();
    for (PartitionWork work : works) {
      OffsetAndMetadata offset = work.uncommitted(!withoutMetadata);
      if (offset != null) {
        commits.put(work, offset);
      }
    }
    return commits;
  }

  private static Map<TopicPartition, OffsetAndMetadata> byPartition(
      Map<PartitionWork, OffsetAndMetadata> commits) {
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    commits.forEach((work, offset) -> offsets.put(work.partition(), offset));
    return offsets;
  }
}
