package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.KafkaFixture.DEADLINE;
import static dev.waybill.transport.kafka.KafkaFixture.keyed;
import static dev.waybill.transport.kafka.KafkaFixture.message;
import static dev.waybill.transport.kafka.KafkaFixture.topology;
import static dev.waybill.transport.kafka.KafkaFixture.unique;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.waybill.MessageBus;
import dev.waybill.error.ConfigurationException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Routes;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Sender;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import dev.waybill.transport.kafka.TopicSpec.Use;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What Kafka topics are to be like: as they were said to be, and as the contract needs them. */
class KafkaTopicsTest {
  record Customer(@Nullable String id) {}

  record Order(String id) {}

  private final KafkaFixture kafka = new KafkaFixture(TestBrokers.kafka());
  private final Queue queue = new Queue(unique("queue"), true);
  private final Topic topic = new Topic(unique("topic"), true);
  private final ReplyQueue replies = new ReplyQueue(unique("shop"), "1");

  @AfterEach
  void close() {
    kafka.close();
  }

  @ParameterizedTest
  @EnumSource(
      value = Mode.class,
      names = {"CREATE", "VERIFY"})
  void every_difference_of_every_topic_is_named_with_its_remedy_and_left_as_it_is(Mode mode)
      throws Exception {
    make(
        topic(queue.name(), 2, Map.of("retention.ms", "1000", "min.insync.replicas", "2")),
        topic(topic.name(), 5, Map.of("max.message.bytes", "2000", "min.insync.replicas", "2")),
        topic(
            queue.deadLetterQueue().name(),
            3,
            Map.of("cleanup.policy", "compact", "min.insync.replicas", "2")));
    TransportConnection connection =
        kafka.connect(
            kafka
                .unsaid()
                .partitions(3)
                .replication(2)
                .minInSyncReplicas(1)
                .topic(queue.name(), t -> t.retention(Duration.ofDays(1)))
                .topic(topic.name(), t -> t.compacted().property("max.message.bytes", "1000")));

    List<String> problems = connection.prepare(topology(queue, topic), mode);

    assertThat(problems)
        .containsExactlyInAnyOrder(
            problem(
                queue,
                "2 partitions instead of 3: run kafka-topics --alter --topic %1$s --partitions 3,"
                    + " which moves keys, or give topic(\"%1$s\", t -> t.partitions(2))"),
            problem(queue, REPLICAS),
            problem(queue, IN_SYNC),
            problem(
                queue,
                "retention.ms=1000 instead of 86400000: run kafka-configs --alter --topic %1$s"
                    + " --add-config retention.ms=86400000, or change topic(\"%1$s\", …)"),
            problem(
                topic,
                "5 partitions instead of 3: give topic(\"%1$s\", t -> t.partitions(5)), for Kafka"
                    + " never takes partitions away"),
            problem(topic, REPLICAS),
            problem(topic, IN_SYNC),
            problem(
                topic,
                "max.message.bytes=2000 instead of 1000: run kafka-configs --alter --topic %1$s"
                    + " --add-config max.message.bytes=1000, or change topic(\"%1$s\", …)"),
            problem(
                topic,
                "cleanup.policy=delete instead of compact: run kafka-configs --alter --topic %1$s"
                    + " --add-config cleanup.policy=compact, or change topic(\"%1$s\", …)"),
            problem(queue.deadLetterQueue(), REPLICAS),
            problem(queue.deadLetterQueue(), IN_SYNC),
            problem(
                queue.deadLetterQueue(),
                "cleanup.policy=compact instead of delete: it drops dead letters that a later one of"
                    + " their key follows: run kafka-configs --alter --topic %1$s --add-config"
                    + " cleanup.policy=delete"),
            problem(
                queue.deadLetterQueue(),
                "retention.ms=604800000 instead of -1: it deletes dead letters that nobody has decided"
                    + " about: run kafka-configs --alter --topic %1$s --add-config retention.ms=-1"),
            problem(
                queue.deadLetterQueue(),
                "max.message.bytes=1048588 and needs 1179648: it does not take the largest messages"
                    + " with their evidence, which then come for ever: run kafka-configs --alter"
                    + " --topic %1$s --add-config max.message.bytes=1179648, or lower the property"
                    + " max.request.size"));
    assertThat(config(connection, queue.name())).containsEntry("retention.ms", "1000");
    assertThat(describe(connection, queue.name()).partitions()).hasSize(2);
  }

  /** As dead letters are kept. */
  private static final Map<String, String> LETTERS =
      Map.of("retention.ms", "-1", "max.message.bytes", "1179648");

  @Test
  void what_was_said_of_dead_letters_is_not_refused() throws Exception {
    String letters = queue.deadLetterQueue().name();
    make(topic(letters, 1, Map.of("retention.bytes", "1000000", "max.message.bytes", "500000")));

    KafkaTransport.Builder said =
        kafka
            .unsaid()
            .topic(letters, t -> t.retention(Duration.ofDays(7)))
            .topic(letters, t -> t.property("retention.bytes", "1000000"))
            .topic(letters, t -> t.property("max.message.bytes", "500000"));

    assertThat(kafka.connect(said).prepare(topology(queue), Mode.CREATE)).isEmpty();
  }

  @Test
  void topics_have_room_for_the_largest_messages_where_those_were_made_larger() throws Exception {
    int size = 3_000_000;
    KafkaTransport.Builder large =
        kafka.unsaid().property("max.request.size", Integer.toString(size));

    TransportConnection connection = kafka.prepared(large, queue);

    assertThat(config(connection, queue.name())).containsEntry("max.message.bytes", "3000000");
    WireMessage largest =
        new WireMessage(new byte[size - 100_000], null, Map.of(), Map.of(), "k", null);
    KafkaFixture.send(connection, queue, largest);
    assertThat(
            kafka
                .connect(kafka.unsaid().property("max.request.size", Integer.toString(size + 1)))
                .prepare(topology(queue), Mode.VERIFY))
        .hasSize(2)
        .anyMatch(
            p ->
                p.contains("'" + queue.name() + "'")
                    && p.contains("max.message.bytes=3000000 and needs 3000001"));
  }

  private static final String REPLICAS =
      "1 replicas instead of 2: add them with kafka-reassign-partitions, or give replication(1)";

  private static final String IN_SYNC =
      "min.insync.replicas=2 instead of 1: run kafka-configs --alter --topic %1$s --add-config"
          + " min.insync.replicas=1, or change minInSyncReplicas(…)";

  @ParameterizedTest
  @EnumSource(
      value = Mode.class,
      names = {"CREATE", "VERIFY"})
  void what_was_not_said_is_not_compared(Mode mode) throws Exception {
    Map<String, String> odd =
        Map.of(
            "retention.ms", "1000",
            "retention.bytes", "100000",
            "max.message.bytes", "2000000",
            "message.timestamp.type", "LogAppendTime",
            "min.insync.replicas", "2");
    Map<String, String> letters = new HashMap<>(odd);
    letters.putAll(Map.of("retention.ms", "-1", "retention.bytes", "-1"));
    make(
        topic(queue.name(), 2, odd),
        topic(topic.name(), 5, odd),
        topic(queue.deadLetterQueue().name(), 4, letters));

    assertThat(kafka.connect(kafka.unsaid()).prepare(topology(queue, topic), mode)).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(
      value = Mode.class,
      names = {"CREATE", "VERIFY"})
  void a_topic_that_takes_messages_too_large_for_a_dead_letter_is_named(Mode mode)
      throws Exception {
    Map<String, String> large = Map.of("max.message.bytes", "2000000");
    make(
        topic(queue.name(), 2, large),
        topic(topic.name(), 2, large),
        topic(queue.deadLetterQueue().name(), 1, LETTERS));
    try (Logged logged = new Logged()) {
      assertThat(kafka.connect(kafka.unsaid()).prepare(topology(queue, topic), mode)).isEmpty();

      // what is only sent to never becomes one
      assertThat(logged.warnings(TopicDifferences.class.getName()))
          .singleElement()
          .asString()
          .contains("'" + queue.name() + "'", "max.message.bytes=2000000", "max.request.size");
    }
  }

  @Test
  void more_replicas_than_said_are_no_difference_for_so_it_looks_while_they_move() {
    List<Node> nodes = List.of(new Node(1, "a", 1), new Node(2, "b", 1), new Node(3, "c", 1));
    TopicSpec two =
        new TopicSpec("t", "topic t", Use.MESSAGES, 6, false, 2, Map.of(), Map.of(), 1, 1);

    assertThat(TopicDifferences.of(two, replicated(nodes), Map.of(), DelayLevels.SECONDS))
        .isEmpty();
    assertThat(
            TopicDifferences.of(
                two, replicated(nodes.subList(0, 1)), Map.of(), DelayLevels.SECONDS))
        .hasSize(1);
  }

  private static TopicDescription replicated(List<Node> nodes) {
    return new TopicDescription(
        "t", false, List.of(new TopicPartitionInfo(0, nodes.get(0), nodes, nodes)));
  }

  @ParameterizedTest
  @EnumSource(
      value = Mode.class,
      names = {"CREATE", "VERIFY"})
  void a_topic_whose_messages_would_be_lost_by_compaction_is_refused(Mode mode) throws Exception {
    Map<String, String> compacted = Map.of("cleanup.policy", "compact,delete");
    make(
        topic(queue.name(), 1, compacted),
        topic(queue.deadLetterQueue().name(), 1, LETTERS),
        topic(KafkaNames.topic(replies), 1, compacted));
    Topology all =
        new Topology(List.of(queue), List.of(queue), List.of(queue.deadLetterQueue()), replies);

    assertThat(kafka.connect(kafka.unsaid()).prepare(all, mode))
        .containsExactly(
            problem(
                queue,
                "cleanup.policy=compact,delete instead of delete: it drops messages that a later one"
                    + " of their key follows, handled or not, and refuses those without a key: run"
                    + " kafka-configs --alter --topic %1$s --add-config cleanup.policy=delete, or, if"
                    + " it is to carry documents that replace each other, give topic(\"%1$s\", t ->"
                    + " t.compacted())"),
            "Kafka topic '%1$s' (for %2$s) has cleanup.policy=compact,delete instead of delete: it drops replies that a later one follows: run kafka-configs --alter --topic %1$s --add-config cleanup.policy=delete."
                .formatted(KafkaNames.topic(replies), replies));
  }

  @Test
  void a_delay_topic_that_would_lose_messages_is_refused_at_the_start_and_at_the_first_delay()
      throws Exception {
    TransportConnection connection = kafka.prepared(queue);
    String delays = KafkaNames.delayTopic(queue.name());
    make(
        topic(
            delays,
            11,
            Map.of(
                "cleanup.policy", "compact",
                "retention.ms", "86400000",
                "retention.bytes", "1000000",
                "message.timestamp.type", "LogAppendTime")));
    WireMessage delayed =
        new WireMessage(new byte[0], null, Map.of(), Map.of(), "k", Duration.ofDays(2));

    SendException refused = KafkaSendTest.failure(connection, queue, delayed, DEADLINE);

    assertThat(refused.code()).isEqualTo(ErrorCode.TOPOLOGY_MISMATCH);
    assertThat(refused.certainty()).isEqualTo(Certainty.REJECTED);
    for (Mode mode : List.of(Mode.CREATE, Mode.VERIFY)) {
      List<String> problems =
          kafka.connect(kafka.builder().delays(true)).prepare(topology(queue), mode);
      assertThat(problems)
          .hasSize(5)
          .anyMatch(p -> p.contains("max.message.bytes=1048588 and needs 1179648"))
          .allMatch(p -> p.startsWith("Kafka topic '" + delays + "' (for delayed messages to "))
          .anyMatch(p -> p.contains("cleanup.policy=compact instead of delete"))
          .anyMatch(
              p ->
                  p.contains(
                          "retention.ms=86400000 instead of -1: messages wait up to 262144000 ms")
                      && p.contains("before they are due"))
          .anyMatch(p -> p.contains("retention.bytes=1000000 instead of -1"))
          .anyMatch(p -> p.contains("message.timestamp.type=LogAppendTime instead of CreateTime"))
          .allMatch(p -> p.contains("run kafka-configs --alter --topic " + delays));
      assertThat(problems).allSatisfy(p -> assertThat(refused).hasMessageContaining(p));
    }
  }

  @Test
  void create_makes_topics_as_they_were_said_to_be_and_verify_is_content_with_them()
      throws Exception {
    KafkaTransport.Builder said =
        kafka
            .unsaid()
            .partitions(2)
            .replication(1)
            .minInSyncReplicas(1)
            .topic(topic.name(), t -> t.partitions(4).compacted())
            .topic(topic.name(), t -> t.property("segment.bytes", "1048576"))
            .topic(queue.name(), t -> t.retention(Duration.ofHours(2)))
            .topic(queue.deadLetterQueue().name(), t -> t.partitions(3));

    TransportConnection connection = kafka.prepared(said, queue, topic);

    assertThat(describe(connection, topic.name()).partitions()).hasSize(4);
    assertThat(describe(connection, queue.name()).partitions()).hasSize(2);
    assertThat(describe(connection, queue.deadLetterQueue().name()).partitions()).hasSize(3);
    assertThat(config(connection, topic.name()))
        .containsEntry("cleanup.policy", "compact")
        .containsEntry("segment.bytes", "1048576")
        .containsEntry("min.insync.replicas", "1");
    assertThat(config(connection, queue.name()))
        .containsEntry("cleanup.policy", "delete")
        .containsEntry("retention.ms", "7200000");
    assertThat(config(connection, queue.deadLetterQueue().name()))
        .containsEntry("retention.ms", "-1");
    for (Mode mode : List.of(Mode.VERIFY, Mode.CREATE)) {
      assertThat(kafka.connect(said).prepare(topology(queue, topic), mode)).isEmpty();
    }
  }

  @Test
  void a_compacted_topic_with_a_retention_keeps_nothing_for_longer() throws Exception {
    TransportConnection connection =
        kafka.prepared(
            kafka.unsaid().topic(topic.name(), t -> t.compacted().retention(Duration.ofDays(30))),
            topic);

    assertThat(config(connection, topic.name()))
        .containsEntry("cleanup.policy", "compact,delete")
        .containsEntry("retention.ms", "2592000000");
  }

  @Test
  void all_that_the_broker_does_not_allow_is_reported_together() {
    TransportConnection connection =
        kafka.connect(
            kafka
                .unsaid()
                .topic(queue.name(), t -> t.property("retension.ms", "1"))
                .topic(topic.name(), t -> t.property("max.message.bytes", "much")));

    assertThat(connection.prepare(topology(queue, topic), Mode.CREATE))
        .hasSize(2)
        .anyMatch(
            p ->
                p.startsWith("Kafka refuses to make topic '%s'".formatted(queue.name()))
                    && p.contains("retension.ms"))
        .anyMatch(
            p ->
                p.startsWith("Kafka refuses to make topic '%s'".formatted(topic.name()))
                    && p.contains("Change what the builder says of it"));
    assertThat(
            kafka
                .connect(kafka.unsaid().replication(3))
                .prepare(topology(new Topic(unique("wide"), true)), Mode.CREATE))
        .singleElement()
        .asString()
        .contains("Kafka refuses to make topic", "--replication-factor 3");
  }

  @Test
  void a_missing_topic_is_named_with_the_command_that_makes_it() {
    TransportConnection connection =
        kafka.connect(
            kafka.unsaid().replication(1).topic(topic.name(), t -> t.partitions(2).compacted()));

    assertThat(connection.prepare(topology(topic), Mode.VERIFY))
        .containsExactly(
            "Kafka topic '%1$s' (for topic %1$s) does not exist: run kafka-topics --create --topic %1$s --partitions 2 --replication-factor 1 --config cleanup.policy=compact --config max.message.bytes=1048588, or start with CREATE."
                .formatted(topic.name()));
  }

  @Test
  void a_document_without_a_key_is_refused_for_a_compacted_topic() {
    String customers = topic.name();
    Routes routes =
        Routes.define(
            r ->
                r.document(Customer.class)
                    .named("customers.v1")
                    .toTopic(customers)
                    .keyedBy(Customer::id));
    try (MessageBus bus =
        MessageBus.over(kafka.builder().topic(customers, KafkaTopic::compacted).build())
            .routes(routes)
            .start()) {
      bus.transfer(new Customer("c-1")).join();

      SendException refused = refused(bus.transfer(new Customer(null)));

      assertThat(refused)
          .hasMessage(
              "The message for Kafka topic '%s' has no key, and a compacted topic takes none without: give it one by its route's keyedBy(…)."
                  .formatted(customers));
      bus.transfer(new Customer("c-2")).join();
    }
    assertThat(kafka.read(customers, 2)).hasSize(2);
  }

  @Test
  void the_refusal_of_a_topic_that_is_compacted_unknown_to_us_is_a_rejection_too()
      throws Exception {
    make(topic(topic.name(), 1, Map.of("cleanup.policy", "compact")));
    TransportConnection connection = kafka.connect();
    connection.prepare(topology(topic), Mode.ASSUME);

    SendException refused = refused(connection.sender().send(topic, message("no key"), DEADLINE));

    assertThat(refused)
        .hasMessageContaining("Kafka refused the message for topic '" + topic.name() + "'")
        .hasMessageContaining("Compacted topic cannot accept message without key");
  }

  @Test
  void a_message_without_a_key_takes_none_of_its_neighbours_along_nor_waits_for_its_delay() {
    TransportConnection connection =
        kafka.prepared(
            kafka.builder().topic(queue.name(), t -> t.partitions(1).compacted()), queue);
    List<CompletableFuture<String>> answers = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      answers.add(connection.sender().send(queue, keyed("k" + i, "" + i), DEADLINE));
    }
    WireMessage delayed =
        new WireMessage(new byte[0], null, Map.of(), Map.of(), null, Duration.ofDays(1));

    assertThat(refused(connection.sender().send(queue, message("no key"), DEADLINE))).isNotNull();
    assertThat(refused(connection.sender().send(queue, delayed, DEADLINE))).isNotNull();

    assertThat(connection.sender().flush(DEADLINE)).isTrue();
    assertThat(answers).allSatisfy(answer -> assertThat(answer.join()).isNotNull());
    assertThat(kafka.read(queue.name(), 20)).hasSize(20);
  }

  @Test
  void a_handlers_document_without_a_key_fails_its_settlement_alone() throws Exception {
    TransportConnection connection =
        kafka.prepared(
            kafka.builder().partitions(1).topic(topic.name(), KafkaTopic::compacted), queue, topic);
    Inbox inbox = new Inbox();
    connection.receiveAtomically(queue, 10, inbox);
    KafkaFixture.send(connection, queue, message("good"), message("bad"));

    CompletionStage<Settlement.Result> good =
        inbox.next().settleTogether(Settlement.accept(), to(topic, keyed("k", "1")));
    CompletionStage<Settlement.Result> bad =
        inbox.next().settleTogether(Settlement.accept(), to(topic, message("no key")));

    assertThat(good.toCompletableFuture().join()).isEqualTo(Settlement.Result.SETTLED);
    assertThat(refused(bad.toCompletableFuture())).hasMessageContaining("has no key");
    assertThat(kafka.readCommitted(topic.name(), 1)).hasSize(1);
  }

  private static List<Sender.Addressed> to(Channel channel, WireMessage message) {
    return List.of(new Sender.Addressed(channel, message));
  }

  private static SendException refused(CompletableFuture<?> answer) {
    CompletionException failure =
        catchThrowableOfType(CompletionException.class, () -> answer.join());
    assertThat(failure).hasCauseInstanceOf(SendException.class);
    SendException refused = (SendException) failure.getCause();
    assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_MESSAGE);
    assertThat(refused.certainty()).isEqualTo(Certainty.REJECTED);
    return refused;
  }

  @Test
  void what_was_said_of_topics_that_do_not_fit_is_reported_with_all_else() {
    Routes routes =
        Routes.define(
            r -> {
              r.document(Customer.class).named("customer").toTopic("customers");
              r.command(Order.class).named("order").toQueue("orders").keyedBy(Order::id);
            });
    KafkaTransport transport =
        KafkaTransport.builder()
            .bootstrapServers("localhost:1")
            .topic("customers", KafkaTopic::compacted)
            .topic("customer", t -> t.partitions(3))
            .topic("orders.dlq", KafkaTopic::compacted)
            .build();

    ConfigurationException problem =
        catchThrowableOfType(
            ConfigurationException.class,
            () ->
                MessageBus.over(transport)
                    .routes(routes)
                    .consume("orders", c -> c.onCommand(Order.class, (m, x) -> {}))
                    .start());

    assertThat(problem.problems())
        .hasSize(3)
        .anyMatch(p -> p.contains("topic(\"customers\", …): compacted() keeps the last message"))
        .anyMatch(p -> p.contains("topic(\"customer\", …): this bus has no such queue or topic"))
        .anyMatch(p -> p.contains("topic(\"orders.dlq\", …): dead letters can't be compacted"));
  }

  @Test
  void values_that_are_none_are_reported_with_all_else() {
    ConfigurationException problem =
        catchThrowableOfType(
            ConfigurationException.class,
            () ->
                kafka
                    .unsaid()
                    .replication(2)
                    .minInSyncReplicas(3)
                    .topic("a", t -> t.partitions(0).retention(Duration.ZERO))
                    .topic("b", t -> t.property("cleanup.policy", "compact"))
                    .topic("b", t -> t.property("retention.ms", "1"))
                    .build());

    assertThat(problem.problems())
        .containsExactlyInAnyOrder(
            "minInSyncReplicas(3): there are only replication(2); give less, or more replicas.",
            "topic(\"a\"): partitions(0): at least 1 is needed.",
            "topic(\"a\"): retention(PT0S): give a positive time.",
            "topic(\"b\"): cleanup.policy has a method of its own: call compacted().",
            "topic(\"b\"): retention.ms has a method of its own: call retention(…).");
  }

  private static String problem(Object channel, String text) {
    String name = channel instanceof Queue of ? of.name() : ((Topic) channel).name();
    return "Kafka topic '%s' (for %s) has %s.".formatted(name, channel, text.formatted(name));
  }

  private static NewTopic topic(String name, int partitions, Map<String, String> configs) {
    return new NewTopic(name, partitions, (short) 1).configs(configs);
  }

  /** Makes topics as others would; returns when the broker knows them. */
  private void make(NewTopic... topics) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.servers()))) {
      List<String> names = List.of(topics).stream().map(NewTopic::name).toList();
      admin.createTopics(List.of(topics)).all().get();
      await()
          .atMost(Inbox.LONG_ENOUGH)
          .ignoreExceptionsInstanceOf(ExecutionException.class)
          .until(() -> admin.describeTopics(names).allTopicNames().get().size() == names.size());
    }
  }

  private static Map<String, String> config(TransportConnection connection, String topic)
      throws Exception {
    return new TopicAdmin(admin(connection), Deadline.in(DEADLINE))
        .configs(List.of(topic))
        .get(topic);
  }

  private static TopicDescription describe(TransportConnection connection, String topic)
      throws Exception {
    return admin(connection).describeTopics(List.of(topic)).allTopicNames().get().get(topic);
  }

  private static Admin admin(TransportConnection connection) {
    return connection.unwrap(Admin.class).orElseThrow();
  }
}
