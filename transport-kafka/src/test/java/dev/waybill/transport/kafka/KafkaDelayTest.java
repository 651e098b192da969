package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.Inbox.accept;
import static dev.waybill.transport.kafka.Inbox.text;
import static dev.waybill.transport.kafka.KafkaFixture.DEADLINE;
import static dev.waybill.transport.kafka.KafkaFixture.message;
import static dev.waybill.transport.kafka.KafkaFixture.queue;
import static dev.waybill.transport.kafka.KafkaFixture.send;
import static dev.waybill.transport.kafka.KafkaFixture.subscription;
import static dev.waybill.transport.kafka.KafkaFixture.topic;
import static dev.waybill.transport.kafka.KafkaFixture.topology;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KafkaDelayTest {
  /** Levels of 10, 40, 160, 640 ms, …: many waits within a second. */
  private static final DelaySettings QUICK =
      new DelaySettings(false, new DelayLevels(10), Duration.ofMillis(200));

  private final KafkaFixture kafka = new KafkaFixture(TestBrokers.kafka());
  private final Inbox inbox = new Inbox();
  private final Queue queue = queue();

  @AfterEach
  void close() {
    kafka.close();
  }

  @Test
  void aDelayedMessageComesNotBeforeItsTimeAndAsItWasSent() throws Exception {
    TransportConnection connection = kafka.prepared(queue);
    connection.receive(queue, 10, inbox);
    WireMessage sent =
        new WireMessage(
            new byte[] {1, 2},
            "text/odd",
            Map.of("id", "m-1", "type", "test.v1", "source", "/test", "partitionkey", "k"),
            Map.of("wb-tenant", "Zoë"),
            "k",
            Duration.ofMillis(1500));
    Instant due = Instant.now().plusMillis(1500);

    send(connection, queue, sent);

    WireMessage came = inbox.next().message();
    assertThat(Instant.now()).isAfterOrEqualTo(due);
    assertThat(came.body()).isEqualTo(sent.body());
    assertThat(came.contentType()).isEqualTo("text/odd");
    assertThat(came.attributes()).isEqualTo(sent.attributes());
    assertThat(came.headers()).isEqualTo(sent.headers());
    assertThat(came.key()).isEqualTo("k");
    assertThat(came.delay()).isNull();
  }

  @Test
  void aLongDelayTakesManyWaitsAndComesNotBeforeItsTime() throws Exception {
    TransportConnection connection = kafka.prepared(quick(), queue);
    connection.receive(queue, 10, inbox);
    Deadline deadline = Deadline.in(Inbox.LONG_ENOUGH);
    long before = 0;
    long waits = 0;

    while (waits <= 3 && !deadline.passed()) { // when a machine stands still there are fewer
      Instant due = Instant.now().plusMillis(1_900);
      send(connection, queue, delayed("late", Duration.ofMillis(1_900)));
      assertThat(text(inbox.next())).isEqualTo("late");
      assertThat(Instant.now()).isAfterOrEqualTo(due);
      long written = written(connection, delayTopic(queue));
      waits = written - before;
      before = written;
    }

    assertThat(waits).isGreaterThan(3);
    inbox.staysEmpty(Duration.ofMillis(300));
  }

  @Test
  void moversOfTheNewGroupProtocolMoveToo() throws Exception {
    TransportConnection connection =
        kafka.prepared(quick().property("group.protocol", "consumer"), queue);
    connection.receive(queue, 10, inbox);
    Instant due = Instant.now().plusMillis(700);

    send(connection, queue, delayed("late", Duration.ofMillis(700)));

    assertThat(text(inbox.next())).isEqualTo("late");
    assertThat(Instant.now()).isAfterOrEqualTo(due);
  }

  @Test
  void shorterDelaysComeFirst() throws Exception {
    TransportConnection connection = kafka.prepared(quick(), queue);
    connection.receive(queue, 10, inbox);
    send(connection, queue, delayed("mover is there", Duration.ofMillis(1)));
    accept(inbox.next());

    send(connection, queue, delayed("late", Duration.ofHours(1)));
    send(connection, queue, delayed("less late", Duration.ofMinutes(10)));
    send(connection, queue, message("at once"));
    assertThat(text(inbox.next())).isEqualTo("at once");
    send(connection, queue, delayed("soon", Duration.ofSeconds(1)));

    assertThat(text(inbox.next())).isEqualTo("soon");
    inbox.staysEmpty(Duration.ofMillis(300));
  }

  @Test
  void aMessageWaitsWhileNobodyReceivesAndComesLater() throws Exception {
    TransportConnection sender = kafka.prepared(queue);
    send(sender, queue, delayed("kept", Duration.ofMillis(300)));
    sender.close();

    TransportConnection connection = kafka.prepared(queue);
    await().pollDelay(Duration.ofMillis(500)).until(() -> written(connection, queue.name()) == 0);
    connection.receive(queue, 10, inbox);

    assertThat(text(inbox.next())).isEqualTo("kept");
  }

  @Test
  void aDelayedEventReachesEachSubscriptionOnce() throws Exception {
    Topic topic = topic();
    Subscription one = subscription(topic, "one");
    Subscription two = subscription(topic, "two");
    TransportConnection connection = kafka.prepared(topic, one, two);
    Inbox second = new Inbox();
    connection.receive(one, 10, inbox);
    kafka.prepared(topic, one, two).receive(two, 10, second);
    Instant due = Instant.now().plusMillis(1_100);

    send(connection, topic, delayed("event", Duration.ofMillis(1_100)));

    accept(inbox.next());
    accept(second.next());
    assertThat(Instant.now()).isAfterOrEqualTo(due);
    inbox.staysEmpty(Duration.ofMillis(200));
    second.staysEmpty(Duration.ofMillis(200));
  }

  @Test
  void thousandsOfRandomDelaysComeNotTooEarlyWhileInstancesComeAndGo() throws Exception {
    int count = 3_000;
    Map<String, Instant> due = new ConcurrentHashMap<>();
    Map<String, Instant> seen = new ConcurrentHashMap<>();
    TransportConnection sender = kafka.prepared(quick(), queue);
    TransportConnection first = receiving(seen);
    Random random = new Random(11);
    List<CompletableFuture<?>> answers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Duration delay = Duration.ofMillis(1 + random.nextInt(6_000));
      due.put("" + i, Instant.now().plus(delay));
      answers.add(sender.sender().send(queue, delayed("" + i, delay), DEADLINE));
    }
    CompletableFuture.allOf(answers.toArray(new CompletableFuture<?>[0])).join();

    receiving(seen);
    await().atMost(DEADLINE).until(() -> seen.size() > count / 4);
    first.close();

    await().atMost(Duration.ofSeconds(60)).until(() -> seen.size() == count);
    seen.forEach((text, at) -> assertThat(at).as(text).isAfterOrEqualTo(due.get(text)));
  }

  @Test
  void whatIsMovedOnIsDeletedFromTheDelayTopic() throws Exception {
    TransportConnection connection = kafka.prepared(quick(), queue);
    connection.receive(queue, 10, inbox);
    send(connection, queue, delayed("gone", Duration.ofMillis(15)));
    accept(inbox.next());

    await().atMost(DEADLINE).until(() -> kept(connection, delayTopic(queue)) == 0);
    assertThat(written(connection, delayTopic(queue))).isPositive();
  }

  @Test
  void aMessageThatItsQueueDoesNotTakeIsKeptUntilItDoes() throws Exception {
    TransportConnection connection = kafka.prepared(quick(), queue);
    setLargest(connection, "100");
    connection.receive(queue, 10, inbox);

    send(connection, queue, delayed("x".repeat(1000), Duration.ofMillis(50)));
    await().atMost(DEADLINE).until(() -> written(connection, delayTopic(queue)) > 4);
    setLargest(connection, "1000000");

    assertThat(text(inbox.next())).hasSize(1000);
  }

  @Test
  void aDelayedReplyReachesItsInstance() throws Exception {
    String requester = KafkaFixture.unique("requester");
    ReplyQueue mine = new ReplyQueue(requester, "one");
    TransportConnection connection = kafka.connect();
    connection.prepare(new Topology(List.of(), List.of(), List.of(), mine), Mode.CREATE);
    connection.receive(mine, 10, inbox);
    Instant due = Instant.now().plusMillis(1_100);

    send(kafka.prepared(queue), mine, delayed("reply", Duration.ofMillis(1_100)));

    assertThat(text(inbox.next())).isEqualTo("reply");
    assertThat(Instant.now()).isAfterOrEqualTo(due);
  }

  @Test
  void aDelayedMessageToNobodyMakesNoTopic() throws Exception {
    ReplyQueue nobodys = new ReplyQueue(KafkaFixture.unique("nobody"), "one");
    TransportConnection connection = kafka.prepared(queue);

    SendException problem =
        KafkaSendTest.failure(connection, nobodys, delayed("x", Duration.ofDays(1)), DEADLINE);

    assertThat(problem.certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(problem.code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(admin(connection).listTopics().names().get())
        .doesNotContain(KafkaNames.delayTopic(KafkaNames.topic(nobodys)));
  }

  @Test
  void withoutCreateAMissingDelayTopicIsARejectionWithTheRemedy() {
    kafka.prepared(queue);
    TransportConnection connection = kafka.connect();
    assertThat(connection.prepare(topology(queue), Mode.VERIFY)).isEmpty();

    SendException problem =
        KafkaSendTest.failure(connection, queue, delayed("x", Duration.ofDays(1)), DEADLINE);

    assertThat(problem.certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(problem.code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(problem)
        .hasMessageStartingWith(
            "Kafka topic '%1$s' (for delayed messages to %2$s) does not exist: run kafka-topics --create --topic %1$s --partitions 11 --config cleanup.policy=delete"
                .formatted(delayTopic(queue), queue.name()))
        .hasMessageContaining(" --config retention.ms=-1 ")
        .hasMessageEndingWith(", or start with CREATE.");
    send(connection, queue, message("at once"));
  }

  @Test
  void anAssumedConnectionDelaysAndMovesToo() throws Exception {
    TransportConnection maker = kafka.prepared(kafka.builder().delays(true), queue);
    maker.close();
    // what is said of topics is assumed to be so
    TransportConnection connection = kafka.connect(kafka.builder().minInSyncReplicas(1));
    connection.prepare(topology(queue), Mode.ASSUME);
    connection.receive(queue, 10, inbox);

    send(connection, queue, delayed("late", Duration.ofMillis(200)));

    assertThat(text(inbox.next())).isEqualTo("late");
  }

  @Test
  void a_delay_topic_that_was_deleted_is_made_again() throws Exception {
    TransportConnection connection = kafka.prepared(queue);
    send(connection, queue, delayed("lost", Duration.ofHours(1)));
    KafkaFixture.delete(admin(connection), delayTopic(queue));

    await()
        .atMost(Duration.ofSeconds(60))
        .until(
            () ->
                connection
                    .sender()
                    .send(queue, delayed("kept", Duration.ofHours(1)), Duration.ofSeconds(2))
                    .handle((id, error) -> error == null)
                    .join());

    assertThat(admin(connection).listTopics().names().get()).contains(delayTopic(queue));
  }

  @Test
  void aDelayTopicWithTooFewPartitionsIsRefusedWithTheRemedy() throws Exception {
    TransportConnection connection = kafka.prepared(queue);
    admin(connection)
        .createTopics(
            List.of(
                new NewTopic(delayTopic(queue), 1, (short) 1)
                    .configs(Map.of("max.message.bytes", "1179648"))))
        .all()
        .get();

    SendException problem =
        KafkaSendTest.failure(connection, queue, delayed("x", Duration.ofDays(1)), DEADLINE);

    assertThat(problem.code()).isEqualTo(ErrorCode.TOPOLOGY_MISMATCH);
    assertThat(problem).hasMessageContaining("has 1 partitions and needs 11");
    assertThat(kafka.connect(kafka.builder().delays(true)).prepare(topology(queue), Mode.CREATE))
        .singleElement()
        .asString()
        .contains("run kafka-topics --alter --topic", " --partitions 11");
  }

  @Test
  void delaysFromTheStartAreVerifiedAndMade() throws Exception {
    TransportConnection connection = kafka.prepared(queue);

    assertThat(kafka.connect(kafka.builder().delays(true)).prepare(topology(queue), Mode.VERIFY))
        .singleElement()
        .asString()
        .contains("'" + delayTopic(queue) + "'");
    kafka.prepared(kafka.builder().delays(true), queue);

    assertThat(kafka.connect(kafka.builder().delays(true)).prepare(topology(queue), Mode.VERIFY))
        .isEmpty();
    ConfigResource made = new ConfigResource(ConfigResource.Type.TOPIC, delayTopic(queue));
    var config = admin(connection).describeConfigs(List.of(made)).all().get().get(made);
    assertThat(config.get("retention.ms").value()).isEqualTo("-1");
    assertThat(config.get("cleanup.policy").value()).isEqualTo("delete");
  }

  @Test
  void nothingIsMadeWhileNothingIsDelayed() throws Exception {
    TransportConnection connection = kafka.prepared(queue);
    connection.receive(queue, 10, inbox);
    send(connection, queue, message("at once"));
    accept(inbox.next());

    assertThat(admin(connection).listTopics().names().get()).doesNotContain(delayTopic(queue));
    assertThat(KafkaFixture.ownThreads()).noneMatch(name -> name.contains("delay-" + queue.name()));
  }

  @Test
  void flushWaitsForDelayedMessagesToo() {
    TransportConnection connection = kafka.prepared(queue);
    CompletableFuture<String> answer =
        connection.sender().send(queue, delayed("x", Duration.ofDays(1)), DEADLINE);

    assertThat(connection.sender().flush(DEADLINE)).isTrue();

    assertThat(answer).isCompleted();
  }

  @Test
  void closingWhileATopicIsBeingMadeAnswersTheSend() {
    TransportConnection connection = kafka.prepared(queue);
    CompletableFuture<String> answer =
        connection.sender().send(queue, delayed("x", Duration.ofDays(1)), DEADLINE);

    connection.close();

    assertThat(answer).isDone();
  }

  private TransportConnection receiving(Map<String, Instant> seen) {
    TransportConnection connection = kafka.prepared(quick(), queue);
    connection.receive(
        queue,
        100,
        new Inbox() {
          @Override
          public void delivered(Delivery delivery) {
            seen.putIfAbsent(text(delivery), Instant.now());
            var unused = delivery.settle(Settlement.accept());
          }
        });
    return connection;
  }

  private KafkaTransport.Builder quick() {
    return kafka.builder().delays(QUICK);
  }

  static WireMessage delayed(String body, Duration delay) {
    WireMessage plain = message(body);
    return new WireMessage(
        plain.body(),
        plain.contentType(),
        Map.of("id", UUID.randomUUID().toString(), "type", "test.v1", "source", "/test"),
        Map.of(),
        null,
        delay);
  }

  private static String delayTopic(Channel channel) {
    return KafkaNames.delayTopic(channel.name());
  }

  private void setLargest(TransportConnection connection, String bytes) throws Exception {
    ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, queue.name());
    AlterConfigOp set =
        new AlterConfigOp(new ConfigEntry("max.message.bytes", bytes), AlterConfigOp.OpType.SET);
    admin(connection).incrementalAlterConfigs(Map.of(topic, List.of(set))).all().get();
  }

  /** How many records were ever written to a topic. */
  static long written(TransportConnection connection, String topic) throws Exception {
    return offsets(connection, topic, OffsetSpec.latest());
  }

  /** How many records of a topic are still there. */
  private static long kept(TransportConnection connection, String topic) throws Exception {
    return written(connection, topic) - offsets(connection, topic, OffsetSpec.earliest());
  }

  private static long offsets(TransportConnection connection, String topic, OffsetSpec spec)
      throws Exception {
    Map<TopicPartition, OffsetSpec> all = new HashMap<>();
    admin(connection)
        .describeTopics(List.of(topic))
        .allTopicNames()
        .get()
        .get(topic)
        .partitions()
        .forEach(info -> all.put(new TopicPartition(topic, info.partition()), spec));
    return admin(connection).listOffsets(all).all().get().values().stream()
        .mapToLong(info -> info.offset())
        .sum();
  }

  private static Admin admin(TransportConnection connection) {
    return connection.unwrap(Admin.class).orElseThrow();
  }
}
