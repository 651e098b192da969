package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
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

    assertThat(work.uncommitted()).isEqualTo(new OffsetAndMetadata(0, "wb1:1.1,1.1"));
    work.accept(out.get(0));
    assertThat(work.uncommitted()).isEqualTo(new OffsetAndMetadata(2, "wb1:1.1"));
    work.accept(out.get(2));
    assertThat(work.uncommitted()).isEqualTo(new OffsetAndMetadata(4, ""));
  }

  @Test
  void aCommitIsNotRepeatedUnlessItFailed() {
    PartitionWork work = work(null);
    add(work, "a");
    work.accept(takeAll(work).get(0));

    OffsetAndMetadata commit = work.uncommitted();

    assertThat(commit).isNotNull();
    assertThat(work.uncommitted()).isNull();
    work.notCommitted();
    assertThat(work.uncommitted()).isEqualTo(commit);
    work.committed(commit);
    work.notCommitted();
    assertThat(work.uncommitted()).isNull();
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

    assertThat(work.uncommitted()).isEqualTo(new OffsetAndMetadata(1, "wb1:4.3"));
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
    Held first = work.next();

    assertThat(work.release(first, DAY, 1)).isTrue();

    assertThat(takeAll(work)).extracting(Held::offset).containsExactly(2L, 3L);
    assertThat(work.waiting()).isEqualTo(2);
  }

  @Test
  void aReleasedRecordComesBackBeforeLaterOnesWithTheNextAttempt() {
    PartitionWork work = work(null);
    add(work, "a:1", "a:2");
    Held first = work.next();
    assertThat(first.attempt()).isEqualTo(1);

    work.release(first, Duration.ZERO, 1);

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
    assertThat(work.release(out.get(1), Duration.ZERO, 0)).isFalse();
    assertThat(work.uncommitted()).isNull();
    assertThat(work.lose()).isZero();
  }

  @Test
  void anAssignmentThatWasNotPolledInTimeIsNotOwned() {
    PartitionWork work = new PartitionWork(PARTITION, null, new PollClock(Duration.ofNanos(-1)));
    add(work, "a");

    assertThat(work.isOwned()).isFalse();
    assertThat(work.accept(takeAll(work).get(0))).isFalse();
    assertThat(work.uncommitted()).isNull();
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
    for (Held held = work.next(); held != null; held = work.next()) {
      all.add(held);
    }
    return all;
  }
}
