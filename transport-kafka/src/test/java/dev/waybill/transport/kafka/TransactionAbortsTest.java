package dev.waybill.transport.kafka;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

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
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
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
    producer.failures.put("innocent", new KafkaException("part of a batch with invalid records"));
    producer.failures.put("culprit", new InvalidTimestampException("in the future"));
    List<TransactionalSettlement> both = settlements("innocent", "culprit");

    settle(both);

    SendException refused = failure(both.get(1));
    assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_MESSAGE);
    assertThat(refused.certainty()).isEqualTo(SendException.Certainty.REJECTED);
    producer.failures.clear();
    assertThat(both.get(0).result()).succeedsWithin(LONG).isEqualTo(Result.SETTLED);
  }

  @Test
  void a_settlement_that_is_aborted_again_and_again_is_given_up_and_the_others_are_stored() {
    producer.failures.put("slow", new TimeoutException("it takes too long"));
    List<TransactionalSettlement> all = settlements("1", "slow", "2", "3");

    settle(all);

    SendException given = failure(all.get(1));
    assertThat(given.code()).isEqualTo(ErrorCode.TIMEOUT);
    assertThat(given.certainty()).isEqualTo(SendException.Certainty.REJECTED);
    assertThat(given).hasMessageContaining("queue t", "transaction.timeout.ms");
    for (int other : List.of(0, 2, 3)) {
      assertThat(all.get(other).result()).succeedsWithin(LONG).isEqualTo(Result.SETTLED);
    }
    assertThat(producer.stored()).containsExactlyInAnyOrder("1", "2", "3");
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
      for (String body = sent.poll(); body != null; body = sent.poll()) {
        RuntimeException failure = failures.get(body);
        if (failure == null) {
          completeNext();
        } else {
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
