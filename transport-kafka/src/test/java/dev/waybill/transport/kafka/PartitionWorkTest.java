package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.transport.kafka.CommitMetadata.Failed;
import dev.waybill.transport.support.SettledPrefix.Range;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class PartitionWorkTest {
  private static final TopicPartition PARTITION = new TopicPartition("t", 0);
  private static final Duration DAY = Duration.ofDays(1);

  @Test
  void theCommitNeverPassesAnOpenRecordAndNotesWhatIsSettledBeyond() {
    PartitionWork work = work(null);
    add(work, "a", "b", "c", "d");
    List<Held> out = takeAll(work);

    work.accept(out.get(1));
    work.accept(out.get(3));

    assertThat(work.uncommitted(true)).isEqualTo(new OffsetAndMetadata(0, "wb1:1.1,1.1"));
    work.accept(out.get(0));
    assertThat(work.uncommitted(true)).isEqualTo(new OffsetAndMetadata(2, "wb1:1.1"));
    work.accept(out.get(2));
    assertThat(work.uncommitted(true)).isEqualTo(new OffsetAndMetadata(4, ""));
  }

  @Test
  void whatACommitWithoutMetadataCanNotTellOfIsLeftOut() {
    PartitionWork work = work(null);
    add(work, "a", "b");
    List<Held> out = takeAll(work);

    work.accept(out.get(1));

    assertThat(work.uncommitted(false)).isEqualTo(new OffsetAndMetadata(0, ""));
    assertThat(work.leavesOut()).isTrue();
    work.accept(out.get(0));
    assertThat(work.uncommitted(false)).isEqualTo(new OffsetAndMetadata(2, ""));
    assertThat(work.leavesOut()).isFalse();
  }

  @Test
  void theAnswerToAnOlderCommitConfirmsNothingThatWasSettledSince() {
    PartitionWork work = work(null);
    add(work, "a", "b");
    List<Held> out = takeAll(work);
    work.accept(out.get(0));
    OffsetAndMetadata older = work.uncommitted(true);
    work.accept(out.get(1));
    OffsetAndMetadata newer = work.uncommitted(true);

    work.committed(older);

    assertThat(work.notCommittedYet()).isPositive();
    work.committed(newer);
    assertThat(work.notCommittedYet()).isZero();
  }

  @Test
  void aCommitIsNotRepeatedUnlessItFailed() {
    PartitionWork work = work(null);
    add(work, "a");
    work.accept(takeAll(work).get(0));

    OffsetAndMetadata commit = work.uncommitted(true);

    assertThat(commit).isNotNull();
    assertThat(work.uncommitted(true)).isNull();
    work.notCommitted();
    assertThat(work.uncommitted(true)).isEqualTo(commit);
    work.committed(commit);
    work.notCommitted();
    assertThat(work.uncommitted(true)).isNull();
  }

  @Test
  void whatAnEarlierAssignmentSettledIsNotDeliveredAgain() {
    PartitionWork work = work(new OffsetAndMetadata(0, "wb1:1.1,1.1"));

    add(work, "a", "b", "c", "d", "e");

    assertThat(takeAll(work)).extracting(Held::offset).containsExactly(0L, 2L, 4L);
  }

  @Test
  void whatAnEarlierAssignmentSettledIsNotForgottenBeforeItIsFetched() {
    PartitionWork work = work(new OffsetAndMetadata(0, "wb1:5.3"));
    add(work, "a", "b");

    work.accept(takeAll(work).get(0));

    assertThat(work.uncommitted(true)).isEqualTo(new OffsetAndMetadata(1, "wb1:4.3"));
  }

  @Test
  void
      what_an_earlier_assignment_settled_in_a_part_of_the_log_that_was_cut_off_is_not_what_is_there() {
    CommitMetadata told =
        new CommitMetadata(
            List.of(new Range(2, 4), new Range(5, 9)),
            new TreeMap<>(Map.of(4L, new Failed(2, 0), 9L, new Failed(3, 0))));
    PartitionWork work = work(new OffsetAndMetadata(1, told.encode(1) + "@7"));

    work.add(List.of(under(7, 1), under(7, 2), under(7, 3), under(7, 4), under(7, 5)), 6);
    work.add(List.of(under(8, 6), under(8, 7), under(8, 9)), 10);

    List<Held> out = takeAll(work);
    assertThat(out).extracting(Held::offset).containsExactly(1L, 4L, 6L, 7L, 9L);
    assertThat(out).extracting(Held::attempt).containsExactly(1, 3, 1, 1, 1);
    work.accept(out.get(0));
    assertThat(work.uncommitted(true)).isEqualTo(new OffsetAndMetadata(4, "wb1:1.1;0.2@8"));
  }

  @Test
  void what_an_earlier_assignment_settled_is_still_settled_under_a_later_leader_beyond_it() {
    PartitionWork work = work(new OffsetAndMetadata(0, "wb1:1.2@7"));

    work.add(List.of(under(6, 0), under(7, 1), under(7, 2), under(8, 3)), 4);

    assertThat(takeAll(work)).extracting(Held::offset).containsExactly(0L, 3L);
  }

  private static ConsumerRecord<byte[], byte[]> under(int leaderEpoch, long offset) {
    return new ConsumerRecord<>(
        "t",
        0,
        offset,
        0,
        TimestampType.CREATE_TIME,
        0,
        0,
        null,
        new byte[0],
        new RecordHeaders(),
        Optional.of(leaderEpoch));
  }

  @Test
  void it_is_said_once_that_a_commit_could_not_tell_all() {
    PartitionWork work = work(null);
    add(work, IntStream.range(0, 6_000).mapToObj(i -> "" + i).toArray(String[]::new));
    List<Held> out = takeAll(work);
    try (Logged logged = new Logged()) {
      for (int i = 1; i < out.size(); i += 2) {
        work.accept(out.get(i));
        if (i % 501 == 0) {
          assertThat(work.uncommitted(true)).isNotNull();
        }
      }

      assertThat(logged.warnings(PartitionWork.class.getName()))
          .singleElement()
          .asString()
          .contains("t-0", "offset 0");
    }
  }

  @Test
  void what_waited_longer_than_the_log_kept_it_is_named() {
    CommitMetadata told =
        new CommitMetadata(
            List.of(), new TreeMap<>(Map.of(1L, new Failed(2, 0), 3L, new Failed(1, 0))));
    PartitionWork work = work(new OffsetAndMetadata(1, told.encode(1)));
    assertThat(work.add(List.of(under(0, 3), under(0, 4)), 5)).containsExactly(1L);
  }

  @Test
  void aLogThatBeginsAnewIsNoticed() {
    PartitionWork work = work(new OffsetAndMetadata(7, ""));

    assertThat(work.isPast(6)).isTrue();
    assertThat(work.isPast(7)).isFalse();
  }

  @Test
  void aReleasedRecordHoldsBackItsKeyOnly() {
    PartitionWork work = work(null);
    add(work, "a:1", "a:2", "b:1", ":1");
    Held first = Taken.next(work);

    assertThat(work.putBack(first, DAY, 1)).isTrue();

    assertThat(takeAll(work)).extracting(Held::offset).containsExactly(2L, 3L);
    assertThat(work.waiting()).isEqualTo(2);
  }

  @Test
  void aReleasedRecordComesBackBeforeLaterOnesWithTheNextAttempt() {
    PartitionWork work = work(null);
    add(work, "a:1", "a:2");
    Held first = Taken.next(work);
    assertThat(first.attempt()).isEqualTo(1);

    work.putBack(first, Duration.ZERO, 1);

    assertThat(takeAll(work))
        .extracting(Held::offset, Held::attempt)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(0L, 2), org.assertj.core.groups.Tuple.tuple(1L, 1));
  }

  @Test
  void nothingOfALostAssignmentIsSettledOrCommitted() {
    PartitionWork work = work(null);
    add(work, "a", "b");
    List<Held> out = takeAll(work);
    work.accept(out.get(0));

    assertThat(work.lose()).isEqualTo(1);

    assertThat(work.isOwned()).isFalse();
    assertThat(work.accept(out.get(1))).isFalse();
    assertThat(work.putBack(out.get(1), Duration.ZERO, 0)).isFalse();
    assertThat(work.uncommitted(true)).isNull();
    assertThat(work.lose()).isZero();
  }

  @Test
  void anAssignmentThatWasNotPolledInTimeIsNotOwned() {
    AtomicLong time = new AtomicLong();
    PartitionWork work = new PartitionWork(PARTITION, null, new PollClock(DAY, time::get));
    add(work, "a", "b");
    Held held = Taken.next(work);
    work.handedOver();

    time.set(DAY.toNanos() + 1);

    assertThat(work.isOwned()).isFalse();
    assertThat(Taken.next(work)).isNull();
    assertThat(work.accept(held)).isFalse();
    assertThat(work.uncommitted(true)).isNull();
  }

  @Test
  void whatFailedIsCommittedWithItsAttemptsAndItsTimeAndKnownToTheNextAssignment() {
    PartitionWork work = work(null);
    add(work, "a:1", "a:2", "b:1");
    List<Held> out = takeAll(work);
    work.putBack(out.get(1), Duration.ZERO, 0);
    work.putBack(out.get(2), DAY, 2);
    long before = System.currentTimeMillis();
    work.putBack(out.get(0), DAY, 1);
    long after = System.currentTimeMillis();

    OffsetAndMetadata commit = work.uncommitted(true);

    CommitMetadata said = CommitMetadata.decode(0, commit.metadata());
    assertThat(said.failed()).containsOnlyKeys(0L, 2L);
    assertThat(said.failed().get(2L).attempts()).isEqualTo(2);
    assertThat(said.failed().get(0L).attempts()).isEqualTo(1);
    assertThat(said.failed().get(0L).due())
        .isBetween(before + DAY.toMillis(), after + DAY.toMillis() + 1);
    PartitionWork next = work(commit);
    add(next, "a:1", "a:2", "b:1", "c:1");
    assertThat(takeAll(next)).extracting(Held::offset).containsExactly(3L);
    assertThat(next.uncommitted(true)).as("nothing new").isNull();
  }

  @Test
  void whatIsDueGoesOnCounting() {
    PartitionWork work = work(new OffsetAndMetadata(0, "wb1:;0.3.1"));

    add(work, "a", "b");

    assertThat(takeAll(work))
        .extracting(Held::offset, Held::attempt)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(0L, 4), org.assertj.core.groups.Tuple.tuple(1L, 1));
  }

  @Test
  void aFailureOfARecordThatIsNotThereAnyMoreIsForgotten() {
    PartitionWork work = work(new OffsetAndMetadata(0, "wb1:;0.1,1.1,6.1"));

    work.add(List.of(new ConsumerRecord<byte[], byte[]>("t", 0, 1, null, new byte[] {'x'})), 5);

    assertThat(work.uncommitted(true)).isEqualTo(new OffsetAndMetadata(1, "wb1:;0.1,6.1"));
  }

  @Test
  void whatIsSettledHasNoFailureAnyMore() {
    PartitionWork work = work(new OffsetAndMetadata(0, "wb1:;1.2"));
    add(work, "a", "b");
    List<Held> out = takeAll(work);

    work.accept(out.get(1));

    assertThat(work.uncommitted(true)).isEqualTo(new OffsetAndMetadata(0, "wb1:1.1"));
  }

  @Test
  void aRecordIsPutBackOnlyWhenWhatIsOnItsWayHasArrived() {
    PartitionWork work = work(null);
    add(work, "a:1", "a:2");
    Held first = Taken.next(work);
    work.handedOver();
    Held second = Taken.next(work);
    List<String> events = new ArrayList<>();

    work.release(first, DAY, 1, done -> events.add("released " + done));
    events.add("arrived");
    work.handedOver();

    assertThat(events).containsExactly("arrived", "released true");
    assertThat(second.offset()).isEqualTo(1);
  }

  @Test
  void noneOfTheKeyIsTakenBetweenTheLookAndThePuttingBack() throws Exception {
    for (int i = 0; i < 1_000; i++) {
      PartitionWork work = work(null);
      add(work, "a:1", "a:2");
      Held first = Taken.next(work);
      work.handedOver();
      AtomicBoolean arrived = new AtomicBoolean();
      AtomicBoolean arrivedBefore = new AtomicBoolean();
      CountDownLatch released = new CountDownLatch(1);
      CyclicBarrier together = new CyclicBarrier(2);
      Thread settling =
          new Thread(
              () -> {
                awaitQuietly(together);
                work.release(
                    first,
                    DAY,
                    1,
                    done -> {
                      arrivedBefore.set(arrived.get());
                      released.countDown();
                    });
              });
      settling.start();
      awaitQuietly(together);

      boolean taken = !work.next(1).isEmpty();
      Thread.onSpinWait();
      arrived.set(taken);
      work.handedOver();

      assertThat(released.await(20, TimeUnit.SECONDS)).isTrue();
      assertThat(arrivedBefore.get()).as("round %s", i).isEqualTo(taken);
      settling.join();
    }
  }

  private static void awaitQuietly(CyclicBarrier barrier) {
    try {
      barrier.await(20, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void theNextDueTimeIsTheSoonestOne() {
    PartitionWork work = work(null);
    add(work, "a", "b");
    List<Held> out = takeAll(work);
    assertThat(work.untilDue(DAY.multipliedBy(2))).isEqualTo(DAY.multipliedBy(2));

    work.putBack(out.get(0), DAY, 1);
    work.putBack(out.get(1), Duration.ofHours(1), 1);

    assertThat(work.untilDue(DAY.multipliedBy(2)))
        .isBetween(Duration.ofMinutes(59), Duration.ofHours(1));
    assertThat(work.untilDue(Duration.ofSeconds(1))).isEqualTo(Duration.ofSeconds(1));
  }

  private static PartitionWork work(OffsetAndMetadata committed) {
    return new PartitionWork(PARTITION, committed, new PollClock(DAY));
  }

  /** Records from offset 0, each with what is before the colon as its key. */
  private static void add(PartitionWork work, String... texts) {
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (String text : texts) {
      String key = text.contains(":") ? text.substring(0, text.indexOf(':')) : "";
      records.add(
          new ConsumerRecord<>(
              "t",
              0,
              records.size(),
              key.isEmpty() ? null : key.getBytes(StandardCharsets.UTF_8),
              text.getBytes(StandardCharsets.UTF_8)));
    }
    work.add(records, records.size());
  }

  private static List<Held> takeAll(PartitionWork work) {
    List<Held> all = new ArrayList<>();
    for (Held held = Taken.next(work); held != null; held = Taken.next(work)) {
      work.handedOver();
      all.add(held);
    }
    return all;
  }
}
