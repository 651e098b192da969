package dev.waybill.transport.kafka;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One consumer of a delay topic, from its joining the movers' group until it leaves. Used by the
 * mover's thread alone.
 */
final class DelaySession implements ConsumerRebalanceListener {
  private static final Logger log = LoggerFactory.getLogger(DelaySession.class);
  private static final Duration POLL = Duration.ofMillis(100);

  /** While sends are on their way: their answers do not interrupt a poll. */
  private static final Duration POLL_MOVING = Duration.ofMillis(10);

  private static final Duration DRAIN = Duration.ofMillis(500);
  private static final Duration READ_COMMITTED = Duration.ofSeconds(5);
  private static final Duration LEAVE = Duration.ofSeconds(1);

  private final Consumer<byte[], byte[]> consumer;
  private final DelayLevels levels;
  private final DelayMoves moves;
  private final DelayCleaner cleaner;
  private final DelayCommits commits;
  private final PollClock clock;
  private final Map<TopicPartition, DelayLane> lanes = new LinkedHashMap<>();

  /**
   * Joins.
   *
   * @param topic the delay topic
   */
  DelaySession(
      Consumer<byte[], byte[]> consumer,
      String topic,
      DelayLevels levels,
      DelayMoves moves,
      DelayCleaner cleaner,
      PollClock clock) {
    this.consumer = consumer;
    this.levels = levels;
    this.moves = moves;
    this.cleaner = cleaner;
    this.commits = new DelayCommits(consumer, cleaner);
    this.clock = clock;
    clock.polled();
    consumer.subscribe(List.of(topic), this);
  }

  /** How many moves were confirmed by the broker. */
  long moved() {
    return moves.confirmed();
  }

  /** How much was confirmed by the broker: moves, and commits. */
  long confirmed() {
    return moves.confirmed() + commits.confirmed();
  }

  /** Moves what is ready, then waits for more, a tenth of a second at most. */
  void step() {
    moves.work(lanes.values());
    lanes.forEach(this::fetch);
    Duration idle = moves.idle(lanes.values(), moves.isMoving() ? POLL_MOVING : POLL);
    checkNotOverdue();
    clock.polled();
    ConsumerRecords<byte[], byte[]> records = consumer.poll(idle);
    checkNotOverdue();
    clock.polled();
    take(records);
    commits.soon(lanes.values());
  }

  /** Its partitions may be others' by now, and must not be committed. */
  private void checkNotOverdue() {
    if (clock.isOverdue()) {
      throw new KafkaException(
          "the moving thread was held up for longer than max.poll.interval.ms");
    }
  }

  private void fetch(TopicPartition partition, DelayLane lane) {
    boolean paused = consumer.paused().contains(partition);
    if (paused && !lane.hasEnough()) {
      consumer.resume(Set.of(partition));
    } else if (!paused && lane.hasEnough()) {
      consumer.pause(Set.of(partition));
    }
  }

  private void take(ConsumerRecords<byte[], byte[]> records) {
    Set<TopicPartition> partitions = new HashSet<>(records.partitions());
    partitions.addAll(records.nextOffsets().keySet());
    for (TopicPartition partition : partitions) {
      DelayLane lane = lanes.get(partition);
      if (lane == null) {
        continue;
      }
      var fetched = records.records(partition);
      if (!fetched.isEmpty() && lane.isPast(fetched.get(0).offset())) {
        DelayLane fresh = lane.cutAt(fetched.get(0).offset());
        log.warn("The log of {} begins anew at {}", partition, fetched.get(0).offset());
        lose(lane);
        lanes.put(partition, fresh);
        if (fresh.begin().isPresent()) { // what is open below is read again
          consumer.seek(partition, fresh.begin().getAsLong());
          continue;
        }
        lane = fresh;
      }
      OffsetAndMetadata next = records.nextOffsets().get(partition);
      lane.add(
          fetched, next == null ? fetched.get(fetched.size() - 1).offset() + 1 : next.offset());
    }
  }

  private void begin(TopicPartition partition, @Nullable OffsetAndMetadata committed) {
    lanes.put(
        partition, new DelayLane(partition, levels.waitMillis(partition.partition()), committed));
  }

  private void lose(DelayLane lane) {
    lane.lose();
    moves.forgetLost();
    cleaner.forget(lane.partition());
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
    if (partitions.isEmpty()) {
      return;
    }
    Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
    try {
      committed.putAll(consumer.committed(new HashSet<>(partitions), READ_COMMITTED));
    } catch (KafkaException e) {
      log.warn("Commits of {} can't be read: messages may be delivered again", partitions, e);
    }
    for (TopicPartition partition : partitions) {
      begin(partition, committed.get(partition));
    }
    log.debug("Assigned: {}", partitions);
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    moves.awaitAnswers(Deadline.in(DRAIN));
    if (!clock.isOverdue()) {
      commits.now(owned(partitions));
    }
    onPartitionsLost(partitions);
  }

  /** Never commits: others have the partitions already. */
  @Override
  public void onPartitionsLost(Collection<TopicPartition> partitions) {
    for (TopicPartition partition : partitions) {
      DelayLane lane = lanes.remove(partition);
      if (lane != null) {
        lose(lane);
      }
    }
    log.debug("Not owned any more: {}", partitions);
  }

  /** Commits what has been moved, and leaves the group. */
  void close() {
    try {
      moves.awaitAnswers(Deadline.in(DRAIN));
    } catch (KafkaException e) {
      log.debug("What was not moved on is read again", e);
    }
    if (!clock.isOverdue()) {
      commits.now(lanes.values());
    }
    onPartitionsLost(List.copyOf(lanes.keySet()));
    try {
      consumer.close(CloseOptions.timeout(LEAVE));
    } catch (KafkaException e) {
      log.warn("A Kafka consumer did not close cleanly", e);
    }
  }

  private List<DelayLane> owned(Collection<TopicPartition> partitions) {
    return partitions.stream().map(lanes::get).filter(Objects::nonNull).toList();
  }
}
