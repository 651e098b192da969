package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.junit.jupiter.api.Test;

/** What happens at moments that a real broker does not give on demand. */
class ConsumerSessionTest {
  private static final TopicPartition PARTITION = new TopicPartition("t", 0);
  private static final Duration DAY = Duration.ofDays(1);
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final AtomicLong time = new AtomicLong();
  private final Client client = new Client();
  private final Credit credit = new Credit(2, () -> {});

  @Test
  void anAssignmentThatWasOverdueDuringAPollIsNotOwnedAgainAfterIt() {
    ConsumerSession session = session(Duration.ofMinutes(5));
    PartitionWork work = assigned(session, 1);
    Held held = Taken.next(work);
    List<Boolean> accepted = new ArrayList<>();
    client.schedulePollTask(
        () -> {
          time.addAndGet(Duration.ofMinutes(6).toNanos());
          accepted.add(work.accept(held));
        });

    // what is not settled has to come again, which it does under a new assignment only
    assertThatThrownBy(() -> session.poll(Duration.ZERO))
        .isInstanceOf(KafkaException.class)
        .hasMessageContaining("max.poll.interval.ms");
    assertThat(accepted).containsExactly(false);
  }

  @Test
  void whatIsSettledDuringTheLastCommitOfARevokedPartitionIsNotSettledForNothing() {
    ConsumerSession session = session(DAY);
    PartitionWork work = assigned(session, 2);
    Held first = Taken.next(work);
    Held second = Taken.next(work);
    work.accept(first);
    List<Boolean> accepted = new ArrayList<>();
    client.onCommitSync = () -> accepted.add(work.accept(second));

    session.onPartitionsRevoked(List.of(PARTITION));

    assertThat(client.synced).containsExactly(new OffsetAndMetadata(1, ""));
    assertThat(accepted).containsExactly(false);
  }

  @Test
  void whatIsSettledDuringTheLastCommitOfACloseIsNotSettledForNothing() {
    ConsumerSession session = session(DAY);
    PartitionWork work = assigned(session, 2);
    Held first = Taken.next(work);
    Held second = Taken.next(work);
    work.accept(first);
    List<Boolean> accepted = new ArrayList<>();
    client.onCommitSync = () -> accepted.add(work.accept(second));

    session.close(Deadline.in(SECOND), () -> {});

    assertThat(client.synced).containsExactly(new OffsetAndMetadata(1, ""));
    assertThat(accepted).containsExactly(false);
  }

  @Test
  void the_last_commit_of_a_close_has_the_time_that_is_given() {
    ConsumerSession session = session(DAY);
    PartitionWork work = assigned(session, 1);
    work.accept(Taken.next(work));

    session.close(Deadline.in(DAY), () -> {});

    assertThat(client.allowed).isGreaterThan(DAY.dividedBy(2));
  }

  @Test
  void the_last_commit_of_a_close_has_a_moment_when_there_is_no_time_left() {
    ConsumerSession session = session(DAY);
    PartitionWork work = assigned(session, 1);
    work.accept(Taken.next(work));

    session.close(Deadline.in(Duration.ZERO), () -> {});

    assertThat(client.allowed).isBetween(Duration.ofMillis(2), Duration.ofMillis(500));
  }

  @Test
  void aLastCommitThatFailsIsToldOnce() {
    ConsumerSession session = session(DAY);
    PartitionWork work = assigned(session, 1);
    work.accept(Taken.next(work));
    client.onCommitSync =
        () -> {
          throw new TimeoutException("silent");
        };

    session.onPartitionsRevoked(List.of(PARTITION));

    assertThat(session.uncommitted()).hasMessage("silent");
    assertThat(session.uncommitted()).isNull();
  }

  @Test
  void aLastCommitThatCantTellOfAllIsToldAndOneThatCanIsNot() {
    int records = 3 * CommitMetadata.MAX_LENGTH;
    ConsumerSession session = session(DAY);
    PartitionWork work = assigned(session, records);
    List<Held> held = work.next(records);
    for (int i = 1; i < records; i += 2) {
      work.accept(held.get(i));
    }

    session.onPartitionsRevoked(List.of(PARTITION));

    assertThat(session.uncommitted()).hasMessageContaining("out of order");
    assertThat(client.synced).hasSize(1);
    session.close(Deadline.in(SECOND), () -> {});
    assertThat(session.uncommitted()).isNull();
  }

  @Test
  void what_no_commit_can_tell_of_is_told_as_that_also_after_one_that_could_not() {
    int records = 3 * CommitMetadata.MAX_LENGTH;
    ConsumerSession session = session(DAY);
    PartitionWork work = assigned(session, records);
    List<Held> held = work.next(records);
    for (int i = 1; i < records / 2; i += 2) {
      work.accept(held.get(i));
    }
    pollUntil(session, () -> work.notCommittedYet() == 0);
    for (int i = records / 2 + 1; i < records; i += 2) {
      work.accept(held.get(i));
    }

    session.onPartitionsRevoked(List.of(PARTITION));

    assertThat(session.uncommitted()).hasMessageContaining("out of order");
  }

  @Test
  void what_was_settled_and_not_committed_when_its_partition_was_lost_is_told_once() {
    ConsumerSession session = session(DAY);
    PartitionWork work = assigned(session, 3);
    work.accept(Taken.next(work));
    work.accept(Taken.next(work));
    assertThat(Taken.next(work)).as("one that is open").isNotNull();

    session.onPartitionsLost(List.of(PARTITION));

    assertThat(session.uncommitted()).hasMessageContaining("[t-0] was lost", "2 in all");
    session.close(Deadline.in(SECOND), () -> {});
    assertThat(session.uncommitted()).isNull();
    assertThat(client.synced).isEmpty();
  }

  @Test
  void what_was_settled_while_the_last_commit_had_no_answer_is_told_when_the_partition_is_lost() {
    ConsumerSession session = session(DAY);
    PartitionWork work = assigned(session, 2);
    client.answersCommits = false;
    work.accept(Taken.next(work));
    pollUntil(session, () -> !client.begun.isEmpty());
    work.accept(Taken.next(work));
    client.confirmCommit();

    session.onPartitionsLost(List.of(PARTITION));

    assertThat(session.uncommitted()).hasMessageContaining("1 in all");
  }

  @Test
  void a_partition_that_is_lost_with_nothing_to_commit_is_not_told() {
    ConsumerSession session = session(DAY);
    PartitionWork work = assigned(session, 3);
    work.accept(Taken.next(work));
    pollUntil(session, () -> work.notCommittedYet() == 0);
    assertThat(Taken.next(work)).as("one that is open").isNotNull();
    work.putBack(Taken.next(work), Duration.ZERO, 1);

    session.onPartitionsLost(List.of(PARTITION));

    assertThat(session.uncommitted()).isNull();
  }

  @Test
  void what_is_committed_with_its_settlement_is_not_told_when_the_partition_is_lost() {
    ConsumerSession session =
        new ConsumerSession(
            client, "t", credit, new PollClock(DAY, time::get), new CommittedElsewhere());
    PartitionWork work = assigned(session, 1);
    work.accept(Taken.next(work));

    session.onPartitionsLost(List.of(PARTITION));

    assertThat(session.uncommitted()).isNull();
  }

  @Test
  void what_was_settled_before_a_consumer_was_overdue_is_told_before_its_close_ends() {
    ConsumerSession session = session(Duration.ofMinutes(5));
    PartitionWork work = assigned(session, 1);
    work.accept(Taken.next(work));
    time.addAndGet(Duration.ofMinutes(6).toNanos());
    List<KafkaException> told = new ArrayList<>();

    session.close(Deadline.in(SECOND), () -> told.add(session.uncommitted()));

    assertThat(told).singleElement().asString().contains("1 in all");
    assertThat(session.uncommitted()).isNull();
    assertThat(client.synced).isEmpty();
  }

  private static void pollUntil(ConsumerSession session, BooleanSupplier reached) {
    await()
        .atMost(Inbox.LONG_ENOUGH)
        .until(
            () -> {
              session.poll(Duration.ZERO);
              return reached.getAsBoolean();
            });
  }

  @Test
  void theLastCommitRepeatsOneThatHasNoAnswerYet() {
    ConsumerSession session = session(DAY);
    PartitionWork work = assigned(session, 1);
    client.answersCommits = false;
    work.accept(Taken.next(work));
    pollUntil(session, () -> !client.begun.isEmpty());
    assertThat(client.begun).containsExactly(new OffsetAndMetadata(1, ""));

    session.onPartitionsRevoked(List.of(PARTITION));

    assertThat(client.synced).containsExactly(new OffsetAndMetadata(1, ""));
  }

  @Test
  void aPartitionBeginsWhenItIsKnownWhatIsCommittedForItAndThere() {
    ConsumerSession session = session(DAY);
    client.noCommitted = new TimeoutException("silent");
    client.rebalance(List.of(PARTITION));
    client.updateBeginningOffsets(Map.of(PARTITION, 0L));
    add(0);
    client.noCommitted = new DisconnectException();
    session.poll(Duration.ZERO);
    assertThat(session.works()).isEmpty();

    client.noCommitted = null;
    client.committed = new OffsetAndMetadata(1, "");
    await()
        .atMost(Inbox.LONG_ENOUGH)
        .until(
            () -> {
              session.poll(Duration.ZERO);
              return !session.works().isEmpty();
            });
    add(1);
    session.poll(Duration.ZERO);

    assertThat(session.works())
        .singleElement()
        .satisfies(work -> assertThat(Taken.next(work).offset()).isEqualTo(1));
  }

  @Test
  void aPartitionThatIsGivenUpBeforeItHasBegunDoesNotBegin() {
    ConsumerSession session = session(DAY);
    client.noCommitted = new TimeoutException("silent");
    client.updateBeginningOffsets(Map.of(PARTITION, 0L));
    client.rebalance(List.of(PARTITION));
    session.onPartitionsRevoked(List.of(PARTITION));

    client.noCommitted = null;
    session.poll(Duration.ZERO);

    assertThat(session.works()).isEmpty();
    assertThat(session.status().backlog()).isNull();
  }

  @Test
  void that_the_topic_is_missing_is_found_out_while_no_partition_is_owned() {
    ConsumerSession session = session(DAY);
    assertThat(session.isTopicMissing()).isTrue();

    var unused = assigned(session, 1);

    assertThat(session.isTopicMissing()).isFalse();
  }

  @Test
  void a_member_that_has_no_partition_of_a_topic_that_exists_does_not_miss_the_topic() {
    ConsumerSession session = session(DAY);
    client.updatePartitions("t", List.of(new PartitionInfo("t", 0, null, null, null)));

    assertThat(session.isTopicMissing()).isFalse();
  }

  @Test
  void a_connection_that_is_lost_says_nothing_of_whether_the_topic_exists() {
    ConsumerSession session = session(DAY);
    client.noPartitions.add(new DisconnectException());

    assertThat(session.isTopicMissing()).isFalse();
  }

  @Test
  void what_was_deleted_before_it_was_handled_is_named() {
    ConsumerSession session = session(DAY);
    client.committed = new OffsetAndMetadata(1, "");
    client.rebalance(List.of(PARTITION));
    client.updateBeginningOffsets(Map.of(PARTITION, 0L));
    session.poll(Duration.ZERO);
    try (Logged logged = new Logged()) {
      client.updateBeginningOffsets(Map.of(PARTITION, 5L));
      client.seek(PARTITION, 5); // as Kafka's client does when the offset is out of range
      add(5);
      session.poll(Duration.ZERO);
      add(6);
      session.poll(Duration.ZERO);

      assertThat(logged.warnings(DeletedRecords.class.getName()))
          .singleElement()
          .asString()
          .startsWith("t-0 begins at 5 only: what it had from 1 on was deleted");
    }
    assertThat(session.loss()).isNotNull();
  }

  @Test
  void what_was_deleted_is_asked_for_again_when_something_came_between_or_nobody_answered() {
    ConsumerSession session = session(DAY);
    client.committed = new OffsetAndMetadata(1, "");
    client.rebalance(List.of(PARTITION));
    client.updateBeginningOffsets(Map.of(PARTITION, 0L));
    session.poll(Duration.ZERO);
    client.updateBeginningOffsets(Map.of(PARTITION, 5L));
    client.seek(PARTITION, 5);
    add(5);
    client.noBeginnings.add(new WakeupException());
    client.noBeginnings.add(new TimeoutException("silent"));

    session.poll(Duration.ZERO);

    assertThat(session.loss()).isNull();
    await().atMost(Inbox.LONG_ENOUGH).until(() -> session.loss() != null);
  }

  @Test
  void a_connection_that_is_lost_says_nothing_of_what_was_deleted() {
    ConsumerSession session = session(DAY);
    client.committed = new OffsetAndMetadata(1, "");
    client.rebalance(List.of(PARTITION));
    client.updateBeginningOffsets(Map.of(PARTITION, 5L));
    client.seek(PARTITION, 5);
    add(5);
    client.noBeginnings.add(new DisconnectException());

    session.poll(Duration.ZERO);

    assertThat(session.loss()).isNull();
  }

  @Test
  void the_backlog_is_known_also_if_the_polling_thread_is_woken_while_it_asks() {
    ConsumerSession session = session(DAY);
    var unused = assigned(session, 2);
    client.updateEndOffsets(Map.of(PARTITION, 2L));
    client.noEnds.addAll(List.of(new WakeupException(), new WakeupException()));

    assertThat(session.status().backlog()).isEqualTo(2);

    assertThatThrownBy(() -> client.poll(Duration.ZERO))
        .as("the wake was for the next poll")
        .isInstanceOf(WakeupException.class);
    assertThat(client.poll(Duration.ZERO)).isEmpty();
  }

  /** As the client of the newer group protocol says when a leader is gone. */
  @Test
  void a_connection_that_is_lost_while_the_backlog_is_asked_for_costs_no_more_than_the_answer() {
    ConsumerSession session = session(DAY);
    var unused = assigned(session, 2);
    client.updateEndOffsets(Map.of(PARTITION, 2L));
    client.noEnds.add(new DisconnectException());

    assertThat(session.status().backlog()).isNull();
  }

  @Test
  void what_waited_for_its_retry_longer_than_the_log_kept_it_is_named() {
    ConsumerSession session = session(DAY);
    client.committed = new OffsetAndMetadata(1, "wb1:;0.2"); // what is at 1 has failed twice
    client.rebalance(List.of(PARTITION));
    client.updateBeginningOffsets(Map.of(PARTITION, 0L));
    session.poll(Duration.ZERO);
    assertThat(session.loss()).isNull();

    add(2);
    session.poll(Duration.ZERO);

    assertThat(session.loss()).hasMessageContaining("t-0", "[1]", "retention");
  }

  @Test
  void a_gap_that_a_transaction_has_left_is_no_loss() {
    ConsumerSession session = session(DAY);
    client.committed = new OffsetAndMetadata(1, "");
    client.rebalance(List.of(PARTITION));
    client.updateBeginningOffsets(Map.of(PARTITION, 0L));
    session.poll(Duration.ZERO);
    try (Logged logged = new Logged()) {
      add(3);
      session.poll(Duration.ZERO);

      assertThat(offsets(session)).containsExactly(3L);
      assertThat(logged.warnings(DeletedRecords.class.getName())).isEmpty();
    }
  }

  @Test
  void what_is_open_below_the_place_where_a_log_was_cut_comes_again_and_what_is_new_above_comes() {
    ConsumerSession session = session(DAY);
    PartitionWork work = assigned(session, 6);
    Held first = Taken.next(work);
    assertThat(Taken.next(work)).isNotNull();
    Held third = Taken.next(work);
    work.handedOver();
    work.accept(first);
    work.accept(third);

    client.seek(PARTITION, 4); // as Kafka's client does when the log was cut there
    add(4);
    session.poll(Duration.ZERO);

    assertThat(work.isOwned()).isFalse();
    assertThat(client.position(PARTITION)).isEqualTo(1);
    for (int offset = 1; offset <= 5; offset++) {
      add(offset);
    }
    session.poll(Duration.ZERO);
    assertThat(offsets(session)).containsExactly(1L, 3L, 4L, 5L);
  }

  @Test
  void what_is_open_below_a_cut_is_asked_of_the_broker_anew_if_a_transaction_may_be_settling_it() {
    ConsumerSession session =
        new ConsumerSession(
            client, "t", credit, new PollClock(DAY, time::get), new CommittedElsewhere());
    PartitionWork work = assigned(session, 3);
    assertThat(Taken.next(work)).isNotNull();
    work.handedOver();

    client.seek(PARTITION, 2);
    add(2);

    assertThatThrownBy(() -> session.poll(Duration.ZERO))
        .isInstanceOf(KafkaException.class)
        .hasMessageContaining("t-0 was cut");
    session.close(Deadline.in(SECOND), () -> {});
    assertThat(work.isOwned()).isFalse();
  }

  @Test
  void a_partition_begins_at_its_offset_whatever_leader_was_committed_with_it() {
    ConsumerSession session = session(DAY);
    client.committed = new OffsetAndMetadata(2, Optional.of(7), "");
    client.rebalance(List.of(PARTITION));
    client.updateBeginningOffsets(Map.of(PARTITION, 0L));

    session.poll(Duration.ZERO);

    assertThat(client.position(PARTITION)).isEqualTo(2);
    assertThat(client.soughtWithMetadata).isFalse();
  }

  @Test
  void a_log_that_was_cut_where_nothing_is_open_goes_on_from_there() {
    ConsumerSession session = session(DAY);
    PartitionWork work = assigned(session, 2);
    work.accept(Taken.next(work));
    work.accept(Taken.next(work));
    work.handedOver();

    client.seek(PARTITION, 1);
    add(1);
    session.poll(Duration.ZERO);

    assertThat(offsets(session)).containsExactly(1L);
  }

  private static List<Long> offsets(ConsumerSession session) {
    PartitionWork work = session.works().iterator().next();
    List<Long> offsets = new ArrayList<>();
    for (Held held = Taken.next(work); held != null; held = Taken.next(work)) {
      offsets.add(held.offset());
    }
    return offsets;
  }

  private ConsumerSession session(Duration maxPollInterval) {
    return new ConsumerSession(client, "t", credit, new PollClock(maxPollInterval, time::get));
  }

  private PartitionWork assigned(ConsumerSession session, int records) {
    client.rebalance(List.of(PARTITION));
    client.updateBeginningOffsets(Map.of(PARTITION, 0L));
    for (int i = 0; i < records; i++) {
      add(i);
    }
    session.poll(Duration.ZERO);
    return session.works().iterator().next();
  }

  private void add(int offset) {
    client.addRecord(new ConsumerRecord<>("t", 0, offset, null, new byte[] {'x'}));
  }

  /** Commits of somebody else. */
  private static final class CommittedElsewhere implements Commits {
    @Override
    public void soon(Collection<PartitionWork> works) {}

    @Override
    public void rebalancing(Collection<PartitionWork> works) {}

    @Override
    public void ending(Collection<PartitionWork> works, Deadline deadline) {}

    @Override
    public boolean areElsewhere() {
      return true;
    }

    @Override
    public void now(Collection<PartitionWork> works, Deadline deadline) {}
  }

  /** A consumer whose asynchronous commits get an answer as long as the test wants. */
  private static final class Client extends MockConsumer<byte[], byte[]> {
    final List<OffsetAndMetadata> begun = new ArrayList<>();
    final List<OffsetAndMetadata> synced = new ArrayList<>();
    Runnable onCommitSync = () -> {};
    private Runnable confirmCommit = () -> {};
    Duration allowed;
    OffsetAndMetadata committed;
    final List<KafkaException> noBeginnings = new ArrayList<>();
    final List<KafkaException> noEnds = new ArrayList<>();
    boolean answersCommits = true;
    KafkaException noCommitted;
    final List<KafkaException> noPartitions = new ArrayList<>();
    boolean soughtWithMetadata;

    Client() {
      super("earliest");
    }

    @Override
    public synchronized Map<TopicPartition, Long> beginningOffsets(
        Collection<TopicPartition> partitions, Duration timeout) {
      if (!noBeginnings.isEmpty()) {
        throw noBeginnings.remove(0);
      }
      return super.beginningOffsets(partitions, timeout);
    }

    @Override
    public synchronized Map<TopicPartition, Long> endOffsets(
        Collection<TopicPartition> partitions, Duration timeout) {
      if (!noEnds.isEmpty()) {
        throw noEnds.remove(0);
      }
      return super.endOffsets(partitions, timeout);
    }

    @Override
    public synchronized List<PartitionInfo> partitionsFor(String topic, Duration timeout) {
      if (!noPartitions.isEmpty()) {
        throw noPartitions.remove(0);
      }
      return super.partitionsFor(topic, timeout);
    }

    @Override
    public synchronized void seek(TopicPartition partition, OffsetAndMetadata offset) {
      soughtWithMetadata = true;
      super.seek(partition, offset);
    }

    @Override
    public synchronized void commitAsync(
        Map<TopicPartition, OffsetAndMetadata> offsets, OffsetCommitCallback callback) {
      if (answersCommits) {
        callback.onComplete(offsets, null);
      } else {
        begun.addAll(offsets.values());
        confirmCommit = () -> callback.onComplete(offsets, null);
      }
    }

    void confirmCommit() {
      confirmCommit.run();
    }

    @Override
    public synchronized Map<TopicPartition, OffsetAndMetadata> committed(
        Set<TopicPartition> partitions, Duration timeout) {
      if (noCommitted != null) {
        throw noCommitted;
      }
      return committed == null ? Map.of() : Map.of(PARTITION, committed);
    }

    @Override
    public synchronized void commitSync(
        Map<TopicPartition, OffsetAndMetadata> offsets, Duration timeout) {
      allowed = timeout;
      onCommitSync.run();
      synced.addAll(offsets.values());
    }
  }
}
