package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A session whose clock stands still, with more records than a broker would take in a test. */
class DelaySessionTest {
  private static final TopicPartition FIRST = new TopicPartition("q.delayed", 0);
  private static final TopicPartition LEVEL = new TopicPartition("q.delayed", 3);
  private static final long NOW = 1_000_000;

  private final AtomicLong clock = new AtomicLong(NOW);
  private final List<Map<TopicPartition, OffsetAndMetadata>> committed = new ArrayList<>();
  private final MockConsumer<byte[], byte[]> consumer =
      new MockConsumer<>("earliest") {
        @Override
        public void commitSync(Map<TopicPartition, OffsetAndMetadata> offsets, Duration timeout) {
          committed.add(offsets);
        }

        @Override
        public void commitAsync(
            Map<TopicPartition, OffsetAndMetadata> offsets, OffsetCommitCallback callback) {
          // no answer yet
        }
      };
  private final AtomicBoolean confirming = new AtomicBoolean(true);
  private final MockProducer<byte[], byte[]> producer =
      new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer()) {
        @Override
        public synchronized Future<RecordMetadata> send(
            ProducerRecord<byte[], byte[]> record, Callback callback) {
          Future<RecordMetadata> answer = super.send(record, callback);
          if (confirming.get()) {
            completeNext();
          }
          return answer;
        }
      };
  private final KafkaSender sender =
      new KafkaSender(
          new CurrentProducer(() -> producer),
          new ReplyTopics(null),
          DelayLevels.SECONDS,
          (topic, deadline) -> CompletableFuture.completedFuture(null));
  private final DelaySession session =
      new DelaySession(
          consumer,
          "q.delayed",
          DelayLevels.SECONDS,
          new DelayMoves("q", DelayLevels.SECONDS, sender, Duration.ofSeconds(5), clock::get),
          new DelayCleaner("delays", null, Duration.ofMinutes(1)),
          new PollClock(Duration.ofMinutes(5)));

  @AfterEach
  void close() {
    sender.close(Duration.ZERO);
  }

  @Test
  void onlyTheNextOfManyWaitingRecordsAreInMemory() {
    assigned(LEVEL);
    waiting(10_000, LEVEL, NOW + 20_000);
    consumer.setMaxPollRecords(64);

    steps(50);

    assertThat(consumer.position(LEVEL)).isLessThanOrEqualTo(564);
    assertThat(consumer.paused()).containsExactly(LEVEL);
    assertThat(producer.history()).isEmpty();
  }

  @Test
  void ofManyRecordsThatAreDueSoonSomeAreInMemory() {
    assigned(FIRST);
    waiting(10_000, FIRST, NOW + 900);
    consumer.setMaxPollRecords(64);

    steps(50);

    assertThat(consumer.position(FIRST)).isLessThanOrEqualTo(1_564);
    assertThat(producer.history()).isEmpty();
  }

  @Test
  void allRecordsMoveOnWhenTheirWaitIsOver() {
    assigned(LEVEL);
    waiting(5_000, LEVEL, NOW + 20_000);
    consumer.setMaxPollRecords(64);
    clock.addAndGet(15_999);
    steps(10);
    assertThat(producer.history()).as("before their wait is over").isEmpty();

    clock.incrementAndGet();
    stepsUntilMoved(5_000);

    assertThat(producer.history())
        .allSatisfy(record -> assertThat(record.topic()).isEqualTo("q.delayed"))
        .allSatisfy(record -> assertThat(record.partition()).isEqualTo(2));
  }

  @Test
  void aRecordIsWrittenToItsChannelWhenItIsDueAndNotBefore() {
    assigned(FIRST);
    waiting(1, FIRST, NOW + 900);
    steps(3);
    clock.addAndGet(899);
    steps(3);
    assertThat(producer.history()).isEmpty();

    clock.incrementAndGet();
    stepsUntilMoved(1);

    assertThat(producer.history()).extracting(ProducerRecord::topic).containsExactly("q");
  }

  @Test
  void whatIsNotDueIsNotCommittedAndGoesToTheNextOwner() {
    assigned(FIRST);
    record(0, FIRST, NOW + 900);
    record(1, FIRST, NOW);
    stepsUntilMoved(1);

    session.close();

    OffsetAndMetadata last = committed.get(0).get(FIRST);
    assertThat(last.offset()).isZero();
    assertThat(CommitMetadata.decode(0, last.metadata()).settled())
        .singleElement()
        .satisfies(range -> assertThat(range.contains(1)).isTrue());
  }

  @Test
  void whatIsWrittenAndNotConfirmedIsNotCommitted() {
    confirming.set(false);
    assigned(FIRST);
    record(0, FIRST, NOW);
    stepsUntilMoved(1);

    session.close();

    assertThat(committed)
        .allSatisfy(
            offsets -> assertThat(offsets).containsExactly(entry(FIRST, new OffsetAndMetadata(0))));
  }

  @Test
  void aDelayTopicThatWasMadeAnewIsReadFromItsBeginning() {
    assigned(FIRST);
    record(7, FIRST, NOW);
    stepsUntilMoved(1);

    record(3, FIRST, NOW);
    consumer.seek(FIRST, 3);
    stepsUntilMoved(2);

    session.close();
    assertThat(committed)
        .last()
        .satisfies(offsets -> assertThat(offsets.get(FIRST).offset()).isLessThanOrEqualTo(4));
  }

  @Test
  void what_waits_below_the_place_where_a_delay_topic_was_cut_is_read_again() {
    assigned(FIRST);
    record(0, FIRST, NOW + 900);
    record(1, FIRST, NOW);
    record(2, FIRST, NOW + 900);
    stepsUntilMoved(1);
    await()
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              session.step();
              return session.confirmed() > 0;
            });

    consumer.seek(FIRST, 2);
    record(2, FIRST, NOW);
    steps(1);

    assertThat(consumer.position(FIRST)).isZero();
    for (int offset = 0; offset < 3; offset++) {
      record(offset, FIRST, NOW);
    }
    stepsUntilMoved(3); // those at 0 and 2
  }

  @Test
  void aLostPartitionIsNeitherMovedNorCommittedAnyMore() {
    assigned(FIRST);
    waiting(1, FIRST, NOW + 900);
    steps(3);

    session.onPartitionsLost(List.of(FIRST));
    clock.addAndGet(10_000);
    session.close();

    assertThat(producer.history()).isEmpty();
    assertThat(committed).isEmpty();
  }

  private void assigned(TopicPartition partition) {
    consumer.updateBeginningOffsets(Map.of(partition, 0L));
    consumer.rebalance(List.of(partition));
  }

  private void waiting(int count, TopicPartition partition, long due) {
    for (int i = 0; i < count; i++) {
      record(i, partition, due);
    }
  }

  /** Written now. */
  private void record(long offset, TopicPartition partition, long due) {
    ProducerRecord<byte[], byte[]> record =
        DelayedRecords.waiting(
            new ProducerRecord<>("q", new byte[] {1}, new byte[] {2}),
            due,
            NOW,
            DelayLevels.SECONDS);
    ConsumerRecord<byte[], byte[]> read = DelayedRecordsTest.read(record, offset);
    assertThat(new TopicPartition(read.topic(), read.partition())).isEqualTo(partition);
    consumer.addRecord(read);
  }

  private void steps(int count) {
    for (int i = 0; i < count; i++) {
      session.step();
    }
  }

  private void stepsUntilMoved(int count) {
    await()
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(1))
        .until(
            () -> {
              session.step();
              return producer.history().size() >= count;
            });
    assertThat(producer.history()).hasSize(count);
  }
}
