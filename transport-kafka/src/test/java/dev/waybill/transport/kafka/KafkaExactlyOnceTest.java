package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.Inbox.text;
import static dev.waybill.transport.kafka.KafkaFixture.message;
import static dev.waybill.transport.kafka.KafkaTransactionTest.to;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.MessageBus;
import dev.waybill.routing.Queue;
import dev.waybill.testkit.broker.FaultProxy;
import dev.waybill.testkit.broker.KafkaTestBroker;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.kafka.CopyingProcess.Copy;
import dev.waybill.transport.kafka.CopyingProcess.Original;
import dev.waybill.transport.kafka.TransactionalProducer.Outcome;
import dev.waybill.transport.kafka.TransactionalSettlement.Outgoing;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Instances that die, or are taken for dead. */
class KafkaExactlyOnceTest {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final int MESSAGES = 4_000;
  private static final int KEYS = 40;

  private static FaultProxy proxy;
  private static KafkaTestBroker broker;

  private final KafkaFixture kafka = new KafkaFixture(broker);
  private final Queue in = KafkaFixture.queue();
  private final Queue out = KafkaFixture.queue();
  private final List<Process> processes = new ArrayList<>();

  @BeforeAll
  static void start() {
    proxy = FaultProxy.open();
    broker = KafkaTestBroker.builder().alsoThrough(proxy).start();
  }

  @AfterAll
  static void end() {
    broker.close();
    proxy.close();
  }

  @AfterEach
  void close() throws InterruptedException {
    for (Process process : processes) {
      process.destroyForcibly().waitFor();
    }
    proxy.heal();
    kafka.close();
  }

  @Test
  void everyMessageHasOneCopyInOrderOfItsKeyAlthoughInstancesAreKilledCutOffAndJoin()
      throws Exception {
    Random random = new Random(7);
    kafka.prepared(kafka.builder().partitions(6), in, out);
    List<Copy> copies = new CopyOnWriteArrayList<>();
    try (MessageBus sending = observing(copies);
        MessageBus here =
            CopyingProcess.start(
                CopyingProcess.transport("127.0.0.1:" + proxy.port()), in.name(), out.name())) {
      Process first = copying();
      Process second = copying();
      List<CompletableFuture<?>> sends = new ArrayList<>();
      for (int i = 0; i < MESSAGES; i++) {
        sends.add(sending.send(new Original("key-" + i % KEYS, i / KEYS)));
        if (i == MESSAGES / 4) {
          awaitCopies(copies, 1 + random.nextInt(i / 2));
          first.destroyForcibly();
        } else if (i == MESSAGES / 2) {
          awaitCopies(copies, i / 2 + random.nextInt(i / 4));
          proxy.hold(FaultProxy.Direction.TO_CLIENT);
          copying();
        } else if (i == 3 * MESSAGES / 4) {
          awaitCopies(copies, i / 2 + random.nextInt(i / 4));
          proxy.heal();
          second.destroyForcibly();
        }
      }
      CompletableFuture.allOf(sends.toArray(CompletableFuture[]::new)).join();
      awaitCopies(copies, MESSAGES - MESSAGES / 8);
      proxy.reset();
      awaitCopies(copies, MESSAGES);
      assertThat(here.health().problems()).isNotNull();
    }

    Map<String, List<Integer>> byKey = new ConcurrentHashMap<>();
    kafka
        .readCommitted(out.name(), MESSAGES)
        .forEach(
            record ->
                byKey
                    .computeIfAbsent(new String(record.key(), UTF_8), key -> new ArrayList<>())
                    .add(CopyingProcess.numberOf(record.value())));
    Map<String, List<Integer>> expected = new HashMap<>();
    for (int key = 0; key < KEYS; key++) {
      expected.put("key-" + key, IntStream.range(0, MESSAGES / KEYS).boxed().toList());
    }
    assertThat(byKey).isEqualTo(expected);
  }

  @Test
  void everyMessageHasOneCopyHoweverOftenAnswersAreLostInTheMiddleOfTransactions()
      throws Exception {
    int rounds = 8;
    int perRound = 250;
    Random random = new Random(11);
    kafka.prepared(kafka.builder().partitions(2), in, out);
    List<Copy> copies = new CopyOnWriteArrayList<>();
    try (MessageBus sending = observing(copies);
        MessageBus disturbed =
            CopyingProcess.start(
                KafkaContractTest.quickToNotice("127.0.0.1:" + proxy.port())
                    .property("transaction.timeout.ms", "1000")
                    .build(),
                in.name(),
                out.name())) {
      for (int round = 0; round < rounds; round++) {
        List<CompletableFuture<?>> sends = new ArrayList<>();
        for (int i = 0; i < perRound; i++) {
          sends.add(sending.send(new Original("key-" + i % KEYS, (round * perRound + i) / KEYS)));
        }
        CompletableFuture.allOf(sends.toArray(CompletableFuture[]::new)).join();
        awaitCopies(copies, round * perRound + 1 + random.nextInt(perRound / 2));
        proxy.hold(
            random.nextBoolean() ? FaultProxy.Direction.TO_CLIENT : FaultProxy.Direction.TO_BROKER);
        await().atMost(PATIENCE).until(() -> !disturbed.health().problems().isEmpty());
        proxy.heal();
        awaitCopies(copies, (round + 1) * perRound);
      }
    }
    List<Integer> numbers =
        kafka.readCommitted(out.name(), rounds * perRound).stream()
            .map(record -> CopyingProcess.numberOf(record.value()))
            .sorted()
            .toList();
    assertThat(numbers)
        .isEqualTo(
            IntStream.range(0, rounds)
                .flatMap(
                    round -> IntStream.range(0, perRound).map(i -> (round * perRound + i) / KEYS))
                .sorted()
                .boxed()
                .toList());
  }

  @Test
  void aCommitWithoutAnAnswerIsUnknownAndEitherStoredOrNotOnceTheNextProducerIsThere()
      throws Exception {
    kafka.prepared(kafka.builder().partitions(1), in, out);
    ConsumerGroupMetadata nobody;
    try (KafkaConsumer<byte[], byte[]> consumer = member()) {
      nobody = consumer.groupMetadata();
    }
    for (FaultProxy.Direction lost : FaultProxy.Direction.values()) {
      TransactionalProducer transactions = transactionsThatLose(lost);
      try {
        await().atMost(PATIENCE).ignoreExceptions().until(() -> transactions.open() != null);
        Outcome unknown =
            transactions.store(
                List.of(record("" + lost)),
                Map.of(new TopicPartition(in.name(), 0), new OffsetAndMetadata(7)),
                nobody);
        proxy.reset(); // with what is on its way
        proxy.heal();
        assertThat(unknown).isInstanceOf(Outcome.Unknown.class);
        await().atMost(PATIENCE).ignoreExceptions().until(() -> transactions.open() != null);
      } finally {
        transactions.close();
      }
    }

    assertThat(kafka.readCommitted(out.name(), 1))
        .extracting(each -> new String(each.value(), UTF_8))
        .as("the broker had the commit whose answer was lost")
        .containsExactly("" + FaultProxy.Direction.TO_CLIENT);
  }

  /** The first commit, or its answer, does not arrive. */
  private TransactionalProducer transactionsThatLose(FaultProxy.Direction lost) {
    ClientProperties properties =
        new ClientProperties(
            TestSettings.of(
                "127.0.0.1:" + proxy.port(),
                Duration.ofSeconds(10),
                Map.of("transaction.timeout.ms", "4000")),
            "test");
    Map<String, Object> producer = properties.transactions("test", in.name());
    AtomicBoolean first = new AtomicBoolean(true);
    return new TransactionalProducer(
        () ->
            new KafkaProducer<>(producer) {
              @Override
              public void commitTransaction() {
                if (first.compareAndSet(true, false)) {
                  proxy.hold(lost);
                }
                super.commitTransaction();
              }
            },
        Duration.ofSeconds(2),
        () -> false);
  }

  @Test
  void anInstanceThatIsTakenForDeadStoresNothingWhenItComesBack() throws Exception {
    TransportConnection direct =
        kafka.prepared(KafkaContractTest.quickToNotice(kafka.servers()).partitions(1), in, out);
    TransportConnection disturbed =
        kafka.connect(KafkaContractTest.quickToNotice("127.0.0.1:" + proxy.port()));
    KafkaFixture.send(direct, in, message("in"));
    Inbox zombies = new Inbox();
    disturbed.receiveAtomically(in, 10, zombies);
    Delivery old = zombies.next();
    proxy.hold();
    assertThat(old.isOwned()).as("it does not know").isTrue();
    CompletableFuture<Result> late =
        old.settleTogether(Settlement.accept(), List.of(to(out, "zombie"))).toCompletableFuture();
    Inbox heirs = new Inbox();
    direct.receiveAtomically(in, 10, heirs);

    Delivery again = heirs.next();
    Result heir =
        again
            .settleTogether(Settlement.accept(), List.of(to(out, "heir")))
            .toCompletableFuture()
            .join();
    proxy.heal();

    assertThat(heir).isEqualTo(Result.SETTLED);
    await().atMost(PATIENCE).until(late::isDone);
    assertThat(late.join()).isEqualTo(Result.NOT_OWNED);
    assertThat(old.isOwned()).isFalse();
    Inbox stored = new Inbox();
    direct.receive(out, 10, stored);
    assertThat(text(stored.next())).isEqualTo("heir");
    stored.staysEmpty(Duration.ofSeconds(1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"classic", "consumer"})
  void thePartitionOfAnInstanceThatDiedInATransactionHoldsUpItselfAlone(String protocol)
      throws Exception {
    KafkaTransport.Builder two = kafka.builder().partitions(2).property("group.protocol", protocol);
    TransportConnection connection = kafka.prepared(two, in, out);
    for (int i = 0; i < KEYS; i++) {
      KafkaFixture.send(connection, in, KafkaFixture.keyed("key" + i, "" + i));
    }
    Inbox heirs = new Inbox();
    List<Delivery> all = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> nobody = member();
        KafkaProducer<byte[], byte[]> dead = transactional()) {
      dead.beginTransaction();
      dead.sendOffsetsToTransaction(
          Map.of(new TopicPartition(in.name(), 0), new OffsetAndMetadata(0)),
          nobody.groupMetadata());

      connection.receiveAtomically(in, KEYS, heirs);

      Delivery other = heirs.next();
      Result result =
          other
              .settleTogether(Settlement.accept(), List.of(to(out, "other")))
              .toCompletableFuture()
              .join();
      assertThat(result).isEqualTo(Result.SETTLED);
      all.add(other);
      while (heirs.size() > 0) {
        all.add(heirs.next());
      }
      assertThat(all).allMatch(each -> each.brokerId().startsWith(in.name() + "-1@"));
      dead.abortTransaction();
    }

    while (all.size() < KEYS) {
      all.add(heirs.next());
    }
    assertThat(all).extracting(Delivery::brokerId).doesNotHaveDuplicates();
    assertThat(heirs.failures).isEmpty();
  }

  /** A producer whose transactions the broker does not end within a test. */
  private KafkaProducer<byte[], byte[]> transactional() {
    ClientProperties properties =
        new ClientProperties(
            TestSettings.of(
                kafka.servers(), Duration.ofMinutes(1), Map.of("transaction.timeout.ms", "600000")),
            "test");
    KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(properties.transactions("test", in.name()));
    producer.initTransactions();
    return producer;
  }

  @Test
  void offsetsOfAFormerGenerationAbortTheTransactionWithItsMessages() {
    TransportConnection connection = kafka.prepared(kafka.builder().partitions(2), in, out);
    TopicPartition partition = new TopicPartition(in.name(), 0);
    Map<TopicPartition, OffsetAndMetadata> offsets = Map.of(partition, new OffsetAndMetadata(7));
    ClientProperties properties =
        new ClientProperties(
            TestSettings.of(kafka.servers(), Duration.ofSeconds(10), Map.of()), "test");
    TransactionalProducer transactions =
        new TransactionalProducer(
            () -> new KafkaProducer<>(properties.transactions("test", in.name())),
            Duration.ofSeconds(10),
            () -> false);
    try (KafkaConsumer<byte[], byte[]> old = member();
        KafkaConsumer<byte[], byte[]> young = member()) {
      ConsumerGroupMetadata former = joined(old);
      await()
          .atMost(PATIENCE)
          .until(
              () -> {
                old.poll(Duration.ofMillis(50));
                young.poll(Duration.ofMillis(50));
                return !young.assignment().isEmpty()
                    && old.groupMetadata().generationId() > former.generationId();
              });

      Outcome refused = transactions.store(List.of(record("former")), offsets, former);
      Outcome taken = transactions.store(List.of(record("now")), offsets, old.groupMetadata());

      assertThat(refused)
          .isInstanceOfSatisfying(
              Outcome.Aborted.class,
              aborted -> {
                assertThat(aborted.why()).isInstanceOf(CommitFailedException.class);
                assertThat(aborted.culprit()).isNull();
              });
      assertThat(taken).isInstanceOf(Outcome.Committed.class);
      assertThat(kafka.readCommitted(out.name(), 1))
          .extracting(each -> new String(each.value(), UTF_8))
          .containsExactly("now");
    } finally {
      transactions.close();
    }
    assertThat(connection.brokerVersion()).isNotEmpty();
  }

  private Outgoing record(String text) {
    return new Outgoing(out, new ProducerRecord<>(out.name(), 0, null, text.getBytes(UTF_8)));
  }

  private KafkaConsumer<byte[], byte[]> member() {
    KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", kafka.servers(), "group.id", in.name()),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer());
    consumer.subscribe(List.of(in.name()));
    return consumer;
  }

  private static ConsumerGroupMetadata joined(KafkaConsumer<byte[], byte[]> consumer) {
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              consumer.poll(Duration.ofMillis(50));
              return !consumer.assignment().isEmpty();
            });
    return consumer.groupMetadata();
  }

  /** A bus to send with, that also notes the copies. */
  private MessageBus observing(List<Copy> copies) {
    return MessageBus.over(kafka.builder().build())
        .routes(CopyingProcess.routes(in.name(), out.name()))
        .consume(out.name(), c -> c.onCommand(Copy.class, (copy, x) -> copies.add(copy.payload())))
        .start();
  }

  private static void awaitCopies(List<Copy> copies, int count) {
    await(count + " copies").atMost(PATIENCE).until(() -> copies.size() >= count);
  }

  /** A process that ends with this one, if it is not killed before. */
  private Process copying() throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                CopyingProcess.class.getName(),
                "127.0.0.1:" + broker.port(),
                in.name(),
                out.name())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    processes.add(process);
    return process;
  }
}
