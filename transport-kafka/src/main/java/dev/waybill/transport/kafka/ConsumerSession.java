package dev.waybill.transport.kafka;

import dev.waybill.error.MessagingException;
import dev.waybill.transport.Receiver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One consumer, from its joining the group until it leaves: its partitions, its commits. Used by
 * the polling thread alone, but for {@link #wakeup}.
 */
final class ConsumerSession implements ConsumerRebalanceListener {
  private static final Logger log = LoggerFactory.getLogger(ConsumerSession.class);

  /**
   * How long a partition that another member shall have waits for its open deliveries. Longer would
   * hold up the whole group; without it each rebalance would repeat every message in work.
   */
  private static final Duration DRAIN = Duration.ofMillis(500);

  /** The same of its last commit. */
  private static final Duration COMMIT = Duration.ofSeconds(1);

  /** What the last commit of all has, also when what was begun before it has used up its time. */
  private static final Duration LEAST_COMMIT = Duration.ofMillis(500);

  private static final Duration LEAVE = Duration.ofMillis(1500);
  private static final Duration FINISH_REBALANCE = Duration.ofMillis(100);

  /** How long it takes to notice that the topic is gone, or there. */
  private static final Duration LOOK_FOR_TOPIC = Duration.ofSeconds(5);

  private static final Duration ASK = Duration.ofSeconds(1);

  private final Consumer<byte[], byte[]> consumer;
  private final String topic;
  private final Credit credit;
  private final PollClock clock;
  private final Commits commits;
  private final Beginnings beginnings;
  private final Map<TopicPartition, PartitionWork> works = new LinkedHashMap<>();
  private final DeletedRecords deleted;
  private final Backlog backlog;
  private Deadline nextLook = Deadline.in(Duration.ZERO);
  private boolean topicMissing;
  private @Nullable KafkaException uncommitted;

  ConsumerSession(Consumer<byte[], byte[]> consumer, String topic, Credit credit, PollClock clock) {
    this(consumer, topic, credit, clock, new OffsetCommits(consumer));
  }

  /** With another way to commit. */
  ConsumerSession(
      Consumer<byte[], byte[]> consumer,
      String topic,
      Credit credit,
      PollClock clock,
      Commits commits) {
    this.consumer = consumer;
    this.topic = topic;
    this.credit = credit;
    this.clock = clock;
    this.commits = commits;
    this.beginnings = new Beginnings(consumer);
    this.deleted = new DeletedRecords(consumer);
    this.backlog = new Backlog(consumer);
    clock.polled();
    consumer.subscribe(List.of(topic), this);
  }

  Consumer<byte[], byte[]> consumer() {
    return consumer;
  }

  String topic() {
    return topic;
  }

  /**
   * Whether the topic does not exist, which Kafka's client does not say: it has joined the group,
   * and owns nothing. Asks now and then while it does not, for a second at most; to be called while
   * the broker answers.
   */
  boolean isTopicMissing() {
    if (!works.isEmpty() || !beginnings.isEmpty()) {
      topicMissing = false;
    } else if (nextLook.passed()) {
      nextLook = Deadline.in(LOOK_FOR_TOPIC);
      try {
        topicMissing = consumer.partitionsFor(topic, ASK).isEmpty();
      } catch (TimeoutException | DisconnectException | WakeupException e) {
        log.debug("It is not known whether topic {} exists", topic, e);
      }
    }
    return topicMissing;
  }

  /** Whether there are partitions, and none of them has begun, so that nothing can be received. */
  boolean isWaitingToBegin() {
    return works.isEmpty() && !beginnings.isEmpty();
  }

  /** What was lost since the last call because the log did not keep it, or null. */
  @Nullable MessagingException loss() {
    return deleted.news();
  }

  /**
   * Why something that was settled since the last call may come again, or null; after close, too.
   */
  @Nullable KafkaException uncommitted() {
    KafkaException news = uncommitted;
    uncommitted = null;
    return news;
  }

  /** The partitions owned now. */
  Collection<PartitionWork> works() {
    return works.values();
  }

  /**
   * What is to be done in the partitions owned now. Asks for the backlog now and then, for half a
   * second at most.
   */
  Receiver.Status status() {
    if (beginnings.isEmpty() && !works.isEmpty()) { // none is owned before the first
      backlog.look(works.values());
    } else {
      backlog.forget();
    }
    int waiting = 0;
    int ahead = 0;
    int waitingKeys = 0;
    List<String> owned = new ArrayList<>();
    for (PartitionWork work : works.values()) {
      waiting += work.waiting();
      waitingKeys += work.waitingForTime();
      ahead += work.settledAhead();
      owned.add(work.partition().toString());
    }
    owned.sort(null);
    return new Receiver.Status(backlog.count(), backlog.asOf(), owned, waiting, ahead, waitingKeys);
  }

  /** Interrupts a {@link #poll}; may be called from any thread. */
  void wakeup() {
    consumer.wakeup();
  }

  /** Fetches records into the partitions' work, and serves the group. */
  void poll(Duration timeout) {
    checkNotOverdue();
    clock.polled();
    beginnings.begin(this::begin);
    try {
      ConsumerRecords<byte[], byte[]> records = consumer.poll(timeout);
      checkNotOverdue();
      take(records);
    } catch (WakeupException e) {
      log.trace("Woken up");
    }
    commits.soon(works.values());
  }

  /** What was not settled because of that comes again under new assignments only. */
  private void checkNotOverdue() {
    if (clock.isOverdue()) {
      throw new KafkaException(
          "the polling thread was held up for longer than max.poll.interval.ms, or the session of"
              + " the newer group protocol");
    }
  }

  /** Fetches nothing any more. */
  void stopFetching() {
    consumer.pause(consumer.assignment());
  }

  /** Fetches from all partitions that have begun but those. */
  void fetchAllBut(Set<TopicPartition> full) {
    Set<TopicPartition> paused = consumer.paused();
    List<TopicPartition> stopping = new ArrayList<>();
    List<TopicPartition> goingOn = new ArrayList<>();
    for (TopicPartition partition : works.keySet()) {
      if (full.contains(partition) && !paused.contains(partition)) {
        stopping.add(partition);
      } else if (!full.contains(partition) && paused.contains(partition)) {
        goingOn.add(partition);
      }
    }
    consumer.pause(stopping);
    consumer.resume(goingOn);
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
    if (partitions.isEmpty()) {
      return;
    }
    log.debug("Assigned: {}", partitions);
    beginnings.add(partitions);
    beginnings.begin(this::begin);
  }

  private void begin(TopicPartition partition, @Nullable OffsetAndMetadata committed) {
    works.put(partition, new PartitionWork(partition, committed, clock, credit::keyFreed));
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    List<PartitionWork> revoked = worksOf(partitions);
    commits.rebalancing(works.values());
    drain(revoked);
    commits.ending(revoked, Deadline.in(DRAIN));
    revoked.forEach(PartitionWork::end);
    try {
      commits.now(revoked, Deadline.in(COMMIT));
      noteForgotten(revoked);
    } catch (KafkaException e) {
      uncommitted = e;
      log.warn("The last commit of {} failed: settled messages may come again", partitions, e);
    }
    giveUp(partitions);
  }

  /** Never commits: others have the partitions already. */
  @Override
  public void onPartitionsLost(Collection<TopicPartition> partitions) {
    List<PartitionWork> lost = worksOf(partitions);
    lost.forEach(PartitionWork::end);
    noteForgotten(lost);
    giveUp(partitions);
  }

  private List<PartitionWork> worksOf(Collection<TopicPartition> partitions) {
    List<PartitionWork> owned = new ArrayList<>();
    for (TopicPartition partition : partitions) {
      PartitionWork work = works.get(partition);
      if (work != null) {
        owned.add(work);
      }
    }
    return owned;
  }

  private void giveUp(Collection<TopicPartition> partitions) {
    beginnings.remove(partitions);
    deleted.forget(partitions);
    for (TopicPartition partition : partitions) {
      PartitionWork work = works.remove(partition);
      if (work != null) {
        credit.giveBack(work.lose());
      }
    }
    log.debug("Not owned any more: {}", partitions);
  }

  /**
   * Commits, gives all partitions up, and leaves the group.
   *
   * @param commitBy until when the last commit may take; it has half a second in any case
   * @param committed is run after the last commit, as leaving takes its time
   */
  void close(Deadline commitBy, Runnable committed) {
    works.values().forEach(PartitionWork::end);
    Deadline least = Deadline.in(LEAST_COMMIT);
    try {
      lastCommit(commitBy.isBefore(least) ? least : commitBy);
      noteForgotten(works.values());
    } catch (KafkaException e) {
      uncommitted = e;
      log.warn("The last commit failed: settled messages may be delivered again", e);
    } finally {
      committed.run();
      leave();
    }
  }

  /** Of partitions that have no other commit any more, and in which nothing is settled any more. */
  private void noteForgotten(Collection<PartitionWork> ending) {
    if (ending.stream().anyMatch(PartitionWork::leavesOut)) {
      uncommitted =
          new KafkaException(
              "more is settled out of order than a commit can tell of: settle the earliest first");
    }
    if (commits.areElsewhere()) { // there it is settled when it is committed
      return;
    }
    List<PartitionWork> lost =
        ending.stream().filter(work -> !work.leavesOut() && work.notCommittedYet() > 0).toList();
    if (!lost.isEmpty()) {
      long settled = lost.stream().mapToLong(PartitionWork::notCommittedYet).sum();
      List<TopicPartition> partitions = lost.stream().map(PartitionWork::partition).toList();
      uncommitted =
          new KafkaException(
              "%s was lost with settled messages of which no commit was confirmed, %d in all"
                  .formatted(partitions, settled));
      log.warn(
          "Settled messages of {} may come again, {} in all: it was lost before their commit was confirmed",
          partitions,
          settled);
    }
  }

  private void leave() {
    giveUp(List.copyOf(works.keySet()));
    try {
      consumer.close(CloseOptions.timeout(LEAVE));
    } catch (KafkaException e) {
      log.warn("A Kafka consumer did not close cleanly", e);
    }
  }

  /** During a rebalance the group takes no commits: it is polled to its end first. */
  private void lastCommit(Deadline deadline) {
    while (true) {
      try {
        commits.now(works.values(), deadline);
        return;
      } catch (RebalanceInProgressException e) {
        if (deadline.passed()) {
          throw e;
        }
        stopFetching();
        goOn();
      }
    }
  }

  private void goOn() {
    try {
      consumer.poll(FINISH_REBALANCE);
    } catch (WakeupException e) { // meant for the polling that is over
      log.trace("Woken up");
    }
  }

  private void take(ConsumerRecords<byte[], byte[]> records) {
    clock.polled();
    Set<TopicPartition> partitions = new HashSet<>(records.partitions());
    partitions.addAll(records.nextOffsets().keySet());
    for (TopicPartition partition : partitions) {
      var fetched = records.records(partition);
      OffsetAndMetadata next = records.nextOffsets().get(partition);
      PartitionWork work = works.get(partition);
      if (work != null && !fetched.isEmpty() && work.isPast(fetched.get(0).offset())) {
        work = begunAnew(work, fetched.get(0).offset());
      }
      if (work != null && !fetched.isEmpty()) {
        deleted.lookBefore(fetched.get(0).offset(), work);
      }
      if (work != null) {
        long position = next == null ? fetched.get(fetched.size() - 1).offset() + 1 : next.offset();
        deleted.gone(partition, work.add(fetched, position));
      }
    }
  }

  /**
   * The work that follows one whose log was made anew, or cut; null if records are to be fetched
   * again for it, since some below the cut are open.
   *
   * @throws KafkaException if a new session is to find out which of those are: a commit is perhaps
   *     under way that settles some
   */
  private @Nullable PartitionWork begunAnew(PartitionWork old, long cut) {
    PartitionWork fresh = old.cutAt(cut);
    TopicPartition partition = old.partition();
    OptionalLong open = fresh.begin();
    if (open.isPresent() && commits.areElsewhere()) {
      throw new KafkaException(
          "the log of %s was cut, and is another one from %d on".formatted(partition, cut));
    }
    credit.giveBack(old.lose());
    works.put(partition, fresh);
    if (open.isEmpty()) {
      log.warn("The log of {} begins anew at {}", partition, cut);
      return fresh;
    }
    log.warn(
        "The log of {} was cut, and is another one from {} on; what was open before that, from {}"
            + " on, comes again",
        partition,
        cut,
        open.getAsLong());
    consumer.seek(partition, open.getAsLong());
    return null;
  }

  private static void drain(List<PartitionWork> works) {
    Deadline deadline = Deadline.in(DRAIN);
    try {
      for (PartitionWork work : works) {
        work.awaitNoneOpen(deadline);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
