package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.Inbox.text;
import static dev.waybill.transport.kafka.KafkaFixture.keyed;
import static dev.waybill.transport.kafka.KafkaTransactionTest.to;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.testkit.broker.KafkaTestCluster;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** On three nodes, of which one is killed or paused. */
class KafkaClusterTest {
  private static final int KEYS = 6;
  private static final int PER_KEY = 200;
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  private static KafkaTestCluster cluster;

  private final Queue queue = KafkaFixture.queue();

  @BeforeAll
  static void start() {
    cluster = KafkaTestCluster.start();
  }

  @AfterAll
  static void end() {
    cluster.close();
  }

  @Test
  void theLossOfALeaderLosesNothingAndKeepsTheOrderOfEachKey() throws Exception {
    String servers = cluster.uri().substring("kafka://".length());
    KafkaTransport transport =
        KafkaContractTest.quickToNotice(servers).deliveryTimeout(DEADLINE).build();
    try (TransportConnection connection = transport.connect(DEADLINE)) {
      Topology topology = KafkaFixture.topology(queue);
      assertThat(connection.prepare(topology, Topology.Mode.CREATE)).isEmpty();
      Inbox inbox = new Inbox();
      connection.receive(queue, 100, inbox);
      List<CompletableFuture<String>> answers = new ArrayList<>();
      sendRound(connection, 0, answers);
      Map<String, Set<Integer>> seen = new HashMap<>();
      receive(inbox, KEYS, seen);

      int leader = leader(connection);
      for (int number = 1; number < PER_KEY; number++) {
        if (number == PER_KEY / 2) {
          cluster.node(leader).kill();
        }
        sendRound(connection, number, answers);
      }

      CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new)).join();
      receive(inbox, KEYS * PER_KEY, seen);
      seen.values()
          .forEach(
              numbers ->
                  assertThat(numbers)
                      .containsExactlyElementsOf(IntStream.range(0, PER_KEY).boxed().toList()));
      assertThat(leader(connection)).isNotEqualTo(leader);
      cluster.node(leader).restart();
    }
  }

  @Test
  void transactionsGoOnWithoutTheNodeThatCoordinatesThem() throws Exception {
    Queue out = KafkaFixture.queue();
    String servers = cluster.uri().substring("kafka://".length());
    KafkaTransport transport =
        KafkaContractTest.quickToNotice(servers).deliveryTimeout(DEADLINE).build();
    try (TransportConnection connection = transport.connect(DEADLINE);
        KafkaConsumer<byte[], byte[]> reader = reader(servers)) {
      Topology topology = KafkaFixture.topology(queue, out);
      assertThat(connection.prepare(topology, Topology.Mode.CREATE)).isEmpty();
      reader.assign(partitions(reader, out));
      reader.seekToBeginning(reader.assignment());
      connection.receiveAtomically(queue, 100, copyingTo(out));
      List<CompletableFuture<String>> answers = new ArrayList<>();
      List<String> copies = new ArrayList<>();
      sendRound(connection, 0, answers);
      awaitCopies(reader, KEYS, copies);

      int coordinator = coordinator(connection);
      cluster.node(coordinator).pause();
      sendRound(connection, 1, answers);
      awaitCopies(reader, 2 * KEYS, copies);
      cluster.node(coordinator).resume();
      sendRound(connection, 2, answers);
      awaitCopies(reader, 3 * KEYS, copies);

      CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new)).join();
      assertThat(copies).hasSize(3 * KEYS).doesNotHaveDuplicates();
    }
  }

  @Test
  void a_start_does_not_wait_for_an_old_topic_whose_partition_has_no_leader() throws Exception {
    String servers = cluster.uri().substring("kafka://".length());
    KafkaTransport transport = KafkaTransport.builder().bootstrapServers(servers).build();
    try (TransportConnection connection = transport.connect(DEADLINE)) {
      Admin admin = connection.unwrap(Admin.class).orElseThrow();
      int node = admin.describeCluster().nodes().get().iterator().next().id();
      NewTopic onOneNode = new NewTopic(queue.name(), Map.of(0, List.of(node)));
      admin.createTopics(List.of(onOneNode)).all().get();
      cluster.node(node).kill();
      try {
        await()
            .atMost(DEADLINE)
            .ignoreExceptionsInstanceOf(ExecutionException.class)
            .until(() -> isWithoutLeader(admin));

        assertThat(connection.prepare(KafkaFixture.topology(queue), Topology.Mode.CREATE))
            .isEmpty();

        await().atMost(DEADLINE).untilAsserted(() -> assertIsNamed(admin));
      } finally {
        cluster.node(node).restart();
      }
    }
  }

  private void assertIsNamed(Admin admin) {
    TopicAdmin impatient = new TopicAdmin(admin, Deadline.in(Duration.ofSeconds(3)));
    assertThatThrownBy(() -> impatient.awaitLeaders(List.of(queue.name())))
        .isInstanceOf(MessagingException.class)
        .hasMessageContaining("no leader of partition 0 of topic '" + queue.name() + "'");
  }

  private boolean isWithoutLeader(Admin admin) throws Exception {
    return TopicAdmin.led(
            admin.describeTopics(List.of(queue.name())).allTopicNames().get().values())
        .isEmpty();
  }

  /** What is lost meanwhile comes again. */
  private static Receiver.Listener copyingTo(Queue out) {
    return new Inbox() {
      @Override
      public void delivered(Delivery delivery) {
        var unused = delivery.settleTogether(Settlement.accept(), List.of(to(out, text(delivery))));
      }
    };
  }

  private static KafkaConsumer<byte[], byte[]> reader(String servers) {
    return new KafkaConsumer<>(
        Map.of("bootstrap.servers", servers, "isolation.level", "read_committed"),
        new ByteArrayDeserializer(),
        new ByteArrayDeserializer());
  }

  private static List<TopicPartition> partitions(KafkaConsumer<?, ?> reader, Queue queue) {
    return reader.partitionsFor(queue.name()).stream()
        .map(info -> new TopicPartition(info.topic(), info.partition()))
        .toList();
  }

  /** However long it takes the cluster to do without a node, and the broker to end what it left. */
  private static void awaitCopies(
      KafkaConsumer<byte[], byte[]> reader, int count, List<String> copies) {
    await(count + " copies")
        .atMost(2 * DEADLINE.toSeconds(), TimeUnit.SECONDS)
        .until(
            () -> {
              reader
                  .poll(Duration.ofMillis(100))
                  .forEach(record -> copies.add(new String(record.value(), UTF_8)));
              return copies.size() >= count;
            });
  }

  /** The node that coordinates the transactions of the queue's only receiver. */
  private int coordinator(TransportConnection connection) throws Exception {
    Admin admin = connection.unwrap(Admin.class).orElseThrow();
    String id =
        admin.listTransactions().all().get().stream()
            .map(TransactionListing::transactionalId)
            .filter(each -> each.contains(queue.name()))
            .findFirst()
            .orElseThrow();
    return admin.describeTransactions(List.of(id)).all().get().get(id).coordinatorId();
  }

  private void sendRound(
      TransportConnection connection, int number, List<CompletableFuture<String>> answers) {
    for (int key = 0; key < KEYS; key++) {
      answers.add(
          connection.sender().send(queue, keyed("k" + key, "k" + key + " " + number), DEADLINE));
    }
  }

  /** Accepts until {@code count} different messages have been seen, in the order of first sight. */
  private static void receive(Inbox inbox, int count, Map<String, Set<Integer>> seen)
      throws InterruptedException {
    while (seen.values().stream().mapToInt(Set::size).sum() < count) {
      Delivery delivery = inbox.next();
      String[] parts = text(delivery).split(" ", -1);
      seen.computeIfAbsent(parts[0], key -> new LinkedHashSet<>()).add(Integer.valueOf(parts[1]));
      var unused = delivery.settle(Settlement.accept());
    }
  }

  /** The node that leads the queue's first partition. */
  private int leader(TransportConnection connection) throws Exception {
    return connection
        .unwrap(Admin.class)
        .orElseThrow()
        .describeTopics(List.of(queue.name()))
        .allTopicNames()
        .get()
        .get(queue.name())
        .partitions()
        .get(0)
        .leader()
        .id();
  }
}
