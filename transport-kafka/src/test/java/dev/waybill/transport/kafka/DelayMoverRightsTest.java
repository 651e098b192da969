package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A mover that may not write leaves what is due to others. */
class DelayMoverRightsTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final TopicPartition FIRST = new TopicPartition("q.delayed", 0);

  private final List<MockConsumer<byte[], byte[]>> consumers = new CopyOnWriteArrayList<>();
  private final MockProducer<byte[], byte[]> producer =
      new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer()) {
        @Override
        public synchronized Future<RecordMetadata> send(
            ProducerRecord<byte[], byte[]> record, Callback callback) {
          Future<RecordMetadata> answer = super.send(record, callback);
          errorNext(new TopicAuthorizationException(record.topic()));
          return answer;
        }
      };
  private final KafkaSender sender =
      new KafkaSender(
          new CurrentProducer(() -> producer),
          new ReplyTopics(null),
          DelayLevels.SECONDS,
          (topic, deadline) -> CompletableFuture.completedFuture(null));
  private final Logged logged = new Logged();
  private DelayMover mover;

  @AfterEach
  void close() {
    mover.beginClose();
    mover.awaitClosed(Deadline.in(LONG));
    sender.close(Duration.ZERO);
    logged.close();
  }

  /** What is due, and may not be written to the queue; and what waits on, and may not either. */
  @ParameterizedTest
  @ValueSource(longs = {0, 100_000})
  void a_mover_that_may_not_write_leaves_the_group_and_does_not_join_it_again_at_once(long wait) {
    mover = mover(wait, Duration.ofDays(1));

    mover.start();

    await().atMost(LONG).until(() -> !consumers.isEmpty() && consumers.get(0).closed());
    awaitWarning();
    mover.beginClose();
    mover.awaitClosed(Deadline.in(LONG));
    assertThat(consumers).hasSize(1);
    assertThat(logged.warnings(DelayMover.class.getName()))
        .singleElement()
        .asString()
        .contains("Delayed messages to q are not moved on by this connection", "86400 s", "Write");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 100_000})
  void it_says_so_once_however_often_it_tries_again(long wait) {
    mover = mover(wait, Duration.ofMillis(1));

    mover.start();

    awaitWarning();
    await().atMost(LONG).until(() -> consumers.size() > 3);
    assertThat(logged.warnings(DelayMover.class.getName())).hasSize(1);
  }

  private void awaitWarning() {
    await().atMost(LONG).until(() -> !logged.warnings(DelayMover.class.getName()).isEmpty());
  }

  private DelayMover mover(long wait, Duration whenForbidden) {
    return new DelayMover("q", () -> session(wait), whenForbidden);
  }

  private DelaySession session(long wait) {
    long now = System.currentTimeMillis();
    MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("earliest");
    DelaySession session =
        new DelaySession(
            consumer,
            "q.delayed",
            DelayLevels.SECONDS,
            new DelayMoves("q", DelayLevels.SECONDS, sender, LONG, System::currentTimeMillis),
            new DelayCleaner("delays", null, Duration.ofMinutes(1)),
            new PollClock(Duration.ofMinutes(5)));
    consumer.updateBeginningOffsets(Map.of(FIRST, 0L));
    consumer.rebalance(List.of(FIRST));
    ProducerRecord<byte[], byte[]> record =
        DelayedRecords.waiting(
            new ProducerRecord<>("q", null, "x".getBytes(StandardCharsets.UTF_8)),
            now,
            now,
            DelayLevels.SECONDS);
    ProducerRecord<byte[], byte[]> later =
        DelayedRecords.waiting(record, now + wait, now, DelayLevels.SECONDS);
    consumer.addRecord(
        DelayedRecordsTest.read(
            new ProducerRecord<>(
                FIRST.topic(), 0, now, later.key(), later.value(), later.headers()),
            0));
    consumers.add(consumer);
    return session;
  }
}
