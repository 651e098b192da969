package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.waybill.routing.Queue;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.kafka.TransactionalSettlement.Outgoing;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RoundRobinPartitioner;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What happens at moments that a real broker does not give on demand. */
class TransactionsTest {
  private static final TopicPartition PARTITION = new TopicPartition("t", 0);
  private static final ConsumerGroupMetadata JOINED =
      new MockConsumer<byte[], byte[]>("earliest").groupMetadata();
  private static final int CREDIT = 4;

  private final Hooked producer = new Hooked();
  private final Credit credit = new Credit(CREDIT, () -> {});
  private final LoopEnd end = new LoopEnd();
  private final Transactions transactions = transactions(credit);
  private final Thread thread = new Thread(transactions, "transactions");
  private final PartitionWork work =
      new PartitionWork(PARTITION, null, new PollClock(Duration.ofDays(1)));

  @AfterEach
  void close() throws InterruptedException {
    transactions.close();
    thread.join();
  }

  @Test
  void aPlanHoldsBackWhatACommitCouldNotTellAndTakesItOnceThePrefixHasMoved() {
    List<Held> all = delivered(8);
    List<TransactionalSettlement> odd =
        IntStream.of(1, 3, 5, 7).mapToObj(i -> settlement(all.get(i))).toList();

    TransactionPlan plan = TransactionPlan.of(odd, List.of(work), "wb1:1.1,1.1".length());

    assertThat(plan.settlements()).extracting(each -> each.held().offset()).containsExactly(1L, 3L);
    assertThat(plan.held()).extracting(each -> each.held().offset()).containsExactly(5L, 7L);
    assertThat(plan.offsets()).containsEntry(PARTITION, new OffsetAndMetadata(0, "wb1:1.1,1.1"));
    plan.stored(credit);

    List<TransactionalSettlement> next = new ArrayList<>(plan.held());
    next.add(settlement(all.get(0)));
    TransactionPlan later = TransactionPlan.of(next, List.of(work), "wb1:1.1,1.1".length());

    assertThat(later.settlements()).extracting(each -> each.held().offset()).contains(0L, 5L);
    assertThat(later.held()).extracting(each -> each.held().offset()).containsExactly(7L);
    assertThat(later.offsets()).containsEntry(PARTITION, new OffsetAndMetadata(2, "wb1:1.1,1.1"));
  }

  @Test
  void aPlanLeavesOutWhatIsLost() {
    TransactionalSettlement lost = settlement(delivered(1).get(0));
    work.lose();

    TransactionPlan plan = TransactionPlan.of(List.of(lost), List.of(work), 100);

    assertThat(plan.isEmpty()).isTrue();
    assertThat(plan.lost()).containsExactly(lost);
  }

  @Test
  void aPlanTakesNoMoreThanOneTransactionShould() {
    List<TransactionalSettlement> many =
        delivered(1_200).stream().map(TransactionsTest.this::settlement).toList();

    TransactionPlan plan = TransactionPlan.of(many, List.of(work), 4_096);

    assertThat(plan.settlements()).hasSize(500);
    assertThat(plan.later()).hasSize(700);
    assertThat(plan.held()).isEmpty();
  }

  @Test
  void anUnknownOutcomeLosesTheAssignmentAndHasThePollingThreadBeginAnew() {
    producer.commitTransactionException = new KafkaException("gone");
    List<Held> all = delivered(CREDIT);
    joined();
    TransactionalSettlement settlement = settlement(all.get(0));

    transactions.add(settlement);

    assertThat(settlement.result().join()).isEqualTo(Result.NOT_OWNED);
    assertThat(work.isOwned()).isFalse();
    assertThat(credit.isUsedUp()).as("all that was open is given up").isFalse();
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () ->
                assertThatThrownBy(transactions::requireNoDoubt)
                    .isInstanceOf(KafkaException.class)
                    .hasMessageContaining("unknown"));
    assertThat(producer.closed()).isTrue();
  }

  @Test
  void nothingIsCommittedBeforeTheGroupIsJoined() {
    List<Held> all = delivered(1);
    transactions.membership(notJoined(), List.of(work));
    thread.start();
    TransactionalSettlement settlement = settlement(all.get(0));
    transactions.add(settlement);

    transactions.close();

    assertThat(settlement.result().join()).isEqualTo(Result.NOT_OWNED);
    assertThat(producer.consumerGroupOffsetsHistory()).isEmpty();
  }

  @Test
  void aRecordThatHasToComeBeforeWhatIsHeldGetsACreditOfIt() throws Exception {
    int records = 3_000;
    Credit few = new Credit(0, () -> {});
    Transactions holding = transactions(few);
    Thread settling = new Thread(holding, "transactions");
    List<Held> all = delivered(records);
    List<TransactionalSettlement> odd = new ArrayList<>();
    for (int i = 1; i < records; i += 2) {
      odd.add(settlement(all.get(i)));
    }
    holding.membership(JOINED, List.of(work));
    settling.start();
    odd.forEach(holding::add);
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> odd.stream().filter(each -> each.result().isDone()).count() > 800);
    TransactionalSettlement farthest = odd.get(odd.size() - 1);
    int settled = (int) odd.stream().filter(each -> each.result().isDone()).count();
    while (!few.isUsedUp()) {
      assertThat(few.take()).isTrue();
    }
    assertThat(farthest.result()).isNotDone();

    work.putBack(all.get(0), Duration.ZERO, 1);

    assertThat(farthest.result())
        .succeedsWithin(Duration.ofSeconds(20))
        .isEqualTo(Result.NOT_OWNED);
    assertThat(few.isUsedUp()).isFalse();
    assertThat(settled).isLessThan(odd.size());
    holding.close();
    settling.join();
  }

  @Test
  void what_others_go_on_settling_is_not_waited_for_before_a_partition_goes() {
    work.putBack(delivered(1).get(0), Duration.ZERO, 1);
    PartitionWork staying =
        new PartitionWork(new TopicPartition("t", 1), null, new PollClock(Duration.ofDays(1)));
    staying.add(List.of(new ConsumerRecord<>("t", 1, 0, null, bytes("0"))), 1);
    Held held = Taken.next(staying);
    producer.onOffsets = () -> staying.accept(held);
    transactions.membership(JOINED, List.of(work, staying));
    thread.start();
    Deadline deadline = Deadline.in(Duration.ofSeconds(20));

    transactions.awaitStored(List.of(work), deadline);

    assertThat(deadline.passed()).isFalse();
    assertThat(producer.consumerGroupOffsetsHistory()).hasSize(1);
    assertThat(work.hasChanged()).isFalse();
    assertThat(staying.hasChanged()).isTrue();
  }

  @Test
  void what_changes_of_a_partition_that_goes_while_it_is_being_stored_is_stored_too() {
    List<Held> all = delivered(2);
    work.putBack(all.get(0), Duration.ZERO, 1);
    producer.onOffsets =
        () -> {
          producer.onOffsets = () -> {};
          work.putBack(all.get(1), Duration.ZERO, 1);
        };
    joined();
    Deadline deadline = Deadline.in(Duration.ofSeconds(20));

    transactions.awaitStored(List.of(work), deadline);

    assertThat(deadline.passed()).isFalse();
    assertThat(producer.consumerGroupOffsetsHistory()).hasSize(2);
    assertThat(work.hasChanged()).isFalse();
  }

  private Transactions transactions(Credit credit) {
    return new Transactions(
        "queue t",
        new TransactionalProducer(() -> producer, Duration.ofSeconds(1), end::hasCome),
        new TopicCheck(
            () -> producer,
            (topic, allowed) -> {},
            (topic, allowed) -> CompletableFuture.completedFuture(null)),
        credit,
        () -> {},
        end);
  }

  /** Of a consumer that has not been polled. */
  private static ConsumerGroupMetadata notJoined() {
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", "127.0.0.1:1", "group.id", "g"),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      return consumer.groupMetadata();
    }
  }

  private void joined() {
    transactions.membership(JOINED, List.of(work));
    thread.start();
  }

  /** Records that are out, which uses the credit up if they are as many. */
  private List<Held> delivered(int count) {
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      records.add(new ConsumerRecord<>("t", 0, i, null, bytes("" + i)));
    }
    work.add(records, count);
    List<Held> out = new ArrayList<>();
    for (Held held = Taken.next(work); held != null; held = Taken.next(work)) {
      out.add(held);
      var unused = credit.take();
    }
    work.handedOver();
    return out;
  }

  private TransactionalSettlement settlement(Held held) {
    Outgoing message =
        new Outgoing(new Queue("out", false), new ProducerRecord<>("out", 0, null, bytes("copy")));
    return new TransactionalSettlement(held, work, List.of(message), new CompletableFuture<>());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** A producer during whose transactions something happens. */
  private static final class Hooked extends MockProducer<byte[], byte[]> {
    Runnable onOffsets = () -> {};

    Hooked() {
      super(
          true, new RoundRobinPartitioner(), new ByteArraySerializer(), new ByteArraySerializer());
    }

    @Override
    public synchronized void sendOffsetsToTransaction(
        Map<TopicPartition, OffsetAndMetadata> offsets, ConsumerGroupMetadata group) {
      super.sendOffsetsToTransaction(offsets, group);
      onOffsets.run();
    }
  }
}
