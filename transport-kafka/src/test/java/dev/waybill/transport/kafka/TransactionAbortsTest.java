package dev.waybill.transport.kafka;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.kafka.TransactionalProducer.Outcome.Aborted;
import dev.waybill.transport.kafka.TransactionalSettlement.Outgoing;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.clients.producer.RoundRobinPartitioner;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.NetworkException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TransactionAbortableException;
import org.apache.kafka.common.errors.UnknownServerException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One settlement that Kafka does not take must not keep the others from being settled. */
class TransactionAbortsTest {
  private static final Duration LONG = Duration.ofSeconds(60);

  private final Failing producer = new Failing();
  private final LoopEnd end = new LoopEnd();
  private final Transactions transactions =
      new Transactions(
          "queue t",
          new TransactionalProducer(() -> producer, Duration.ofSeconds(1), end::hasCome),
          new TopicCheck(
              () -> producer,
              (topic, allowed) -> {},
              (topic, allowed) -> CompletableFuture.completedFuture(null)),
          new Credit(10, () -> {}),
          () -> {},
          end);
  private final Thread thread = new Thread(transactions, "transactions");
  private final PartitionWork work =
      new PartitionWork(new TopicPartition("t", 0), null, new PollClock(Duration.ofDays(1)));

  @AfterEach
  void close() throws InterruptedException {
    transactions.close();
    thread.join();
  }

  @Test
  void a_message_that_is_refused_is_found_behind_one_that_only_failed_with_it() {
    producer.failuresWithCulprit.put(
        "innocent", new KafkaException("part of a batch with invalid records"));
    producer.failures.put("culprit", new InvalidTimestampException("in the future"));
    List<TransactionalSettlement> both = settlements("innocent", "culprit");

    settle(both);

    SendException refused = failure(both.get(1));
    assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_MESSAGE);
    assertThat(refused.certainty()).isEqualTo(SendException.Certainty.REJECTED);
    assertThat(both.get(0).result()).succeedsWithin(LONG).isEqualTo(Result.SETTLED);
  }

  @Test
  void a_settlement_that_is_aborted_again_and_again_is_given_up_and_the_others_are_stored() {
    producer.failures.put("slow", new InvalidProducerEpochException("it took too long"));
    List<TransactionalSettlement> all = settlements("1", "slow", "2", "3");

    settle(all);

    SendException given = failure(all.get(1));
    assertThat(given.code()).isEqualTo(ErrorCode.BROKER_ERROR);
    assertThat(given.certainty()).isEqualTo(SendException.Certainty.REJECTED);
    assertThat(given).hasMessageContaining("queue t", "transaction.timeout.ms");
    for (int other : List.of(0, 2, 3)) {
      assertThat(all.get(other).result()).succeedsWithin(LONG).isEqualTo(Result.SETTLED);
    }
    assertThat(producer.stored()).containsExactlyInAnyOrder("1", "2", "3");
  }

  @Test
  void an_outage_is_outlasted_and_does_not_keep_the_others_from_being_settled() {
    producer.failures.put("leaderless", new TimeoutException("120000 ms have passed"));
    List<TransactionalSettlement> all = settlements("1", "leaderless", "2");

    settle(all);

    for (int other : List.of(0, 2)) {
      assertThat(all.get(other).result()).succeedsWithin(LONG).isEqualTo(Result.SETTLED);
    }
    int more = Suspects.TOGETHER + Suspects.ALONE + 1;
    await().atMost(LONG).until(() -> producer.failed.get() >= more);
    assertThat(all.get(1).result()).isNotDone();
    producer.failures.clear();
    assertThat(all.get(1).result()).succeedsWithin(LONG).isEqualTo(Result.SETTLED);
  }

  @Test
  void what_comes_while_some_are_suspected_is_tried_in_between_and_together() {
    Suspects suspects = new Suspects();
    List<TransactionalSettlement> all = settlements("1", "2", "3", "4");
    List<TransactionalSettlement> suspected = all.subList(0, 2);
    List<TransactionalSettlement> others = all.subList(2, 4);
    for (int i = 0; i < Suspects.TOGETHER; i++) {
      assertThat(suspects.next(suspected)).isEqualTo(suspected);
      assertThat(suspects.aborted(suspected, true)).isFalse();
    }

    for (int i = 0; i < 2; i++) {
      List<TransactionalSettlement> alone = suspects.next(all);
      assertThat(alone).containsExactly(all.get(i));
      assertThat(suspects.aborted(alone, false)).isFalse();
      assertThat(suspects.next(all)).isEqualTo(others);
      suspects.stored(others);
    }
  }

  @Test
  void what_stores_no_message_is_never_given_up() {
    Suspects suspects = new Suspects();
    TransactionalSettlement with = settlements("1").get(0);
    List<TransactionalSettlement> without = List.of(with.without(with.outgoing().get(0)));

    for (int i = 0; i < Suspects.TOGETHER + 2 * Suspects.ALONE; i++) {
      assertThat(suspects.next(without)).isEqualTo(without);
      assertThat(suspects.aborted(without, true)).isFalse();
    }
  }

  @Test
  void only_what_the_broker_has_ended_or_refused_is_a_settlements_own_fault() {
    Outgoing some = settlements("1").get(0).outgoing().get(0);

    assertThat(new Aborted(new TimeoutException("no leader"), some).isItsOwnFault()).isFalse();
    assertThat(
            new Aborted(new KafkaException("failed", new NetworkException("away")), some)
                .isItsOwnFault())
        .isFalse();
    assertThat(new Aborted(new KafkaException("closed"), some).isItsOwnFault()).isFalse();
    assertThat(new Aborted(new UnknownServerException("refused"), some).isItsOwnFault()).isTrue();
    for (RuntimeException ended :
        List.of(
            new ProducerFencedException("it took too long"),
            new InvalidProducerEpochException("it took too long"),
            new InvalidTxnStateException("it took too long"),
            new TransactionAbortableException("it took too long"))) {
      assertThat(new Aborted(ended, null).isItsOwnFault()).isTrue();
      assertThat(new Aborted(new KafkaException("in error", ended), null).isItsOwnFault()).isTrue();
    }
  }

  @Test
  void that_offsets_are_not_taken_is_no_settlements_fault() {
    assertThat(new Aborted(new TimeoutException("no coordinator"), null).mayBeItsOwnFault())
        .isFalse();
    assertThat(new Aborted(new GroupAuthorizationException("g"), null).mayBeItsOwnFault())
        .isFalse();
    assertThat(
            new Aborted(new ProducerFencedException("it took too long"), null).mayBeItsOwnFault())
        .isTrue();
  }

  private void settle(List<TransactionalSettlement> settlements) {
    settlements.forEach(transactions::add);
    transactions.membership(
        new MockConsumer<byte[], byte[]>("earliest").groupMetadata(), List.of(work));
    thread.start();
  }

  private static SendException failure(TransactionalSettlement settlement) {
    CompletionException failure =
        catchThrowableOfType(
            CompletionException.class,
            () -> settlement.result().orTimeout(LONG.toMillis(), MILLISECONDS).join());
    return (SendException) failure.getCause();
  }

  /** Each with a message of that body. */
  private List<TransactionalSettlement> settlements(String... bodies) {
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (int i = 0; i < bodies.length; i++) {
      records.add(new ConsumerRecord<>("t", 0, i, null, bytes("" + i)));
    }
    work.add(records, bodies.length);
    List<TransactionalSettlement> settlements = new ArrayList<>();
    for (String body : bodies) {
      Outgoing message =
          new Outgoing(new Queue("out", false), new ProducerRecord<>("out", 0, null, bytes(body)));
      settlements.add(
          new TransactionalSettlement(
              Taken.next(work), work, List.of(message), new CompletableFuture<>()));
    }
    work.handedOver();
    return settlements;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** A producer that fails to send some bodies, as Kafka's does: when it is flushed. */
  private static final class Failing extends MockProducer<byte[], byte[]> {
    final Map<String, RuntimeException> failures = new ConcurrentHashMap<>();

    /** Those that fail when "culprit" is flushed with them. */
    final Map<String, RuntimeException> failuresWithCulprit = new ConcurrentHashMap<>();

    final AtomicInteger failed = new AtomicInteger();
    private final ArrayDeque<String> sent = new ArrayDeque<>();

    Failing() {
      super(
          false, new RoundRobinPartitioner(), new ByteArraySerializer(), new ByteArraySerializer());
    }

    @Override
    public synchronized Future<RecordMetadata> send(
        ProducerRecord<byte[], byte[]> record, Callback callback) {
      sent.add(text(record));
      return super.send(record, callback);
    }

    @Override
    public synchronized void flush() {
      boolean withCulprit = sent.contains("culprit");
      for (String body = sent.poll(); body != null; body = sent.poll()) {
        RuntimeException failure =
            withCulprit && failuresWithCulprit.containsKey(body)
                ? failuresWithCulprit.get(body)
                : failures.get(body);
        if (failure == null) {
          completeNext();
        } else {
          failed.incrementAndGet();
          errorNext(failure);
        }
      }
    }

    synchronized List<String> stored() {
      return history().stream().map(Failing::text).toList();
    }

    private static String text(ProducerRecord<byte[], byte[]> record) {
      return new String(record.value(), StandardCharsets.UTF_8);
    }
  }
}
