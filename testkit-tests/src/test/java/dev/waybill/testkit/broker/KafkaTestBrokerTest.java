package dev.waybill.testkit.broker;

import static dev.waybill.testkit.broker.BrokerLife.assertNothingIsLeftOf;
import static dev.waybill.testkit.broker.BrokerLife.processOf;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class KafkaTestBrokerTest {

  private static final Duration DEADLINE = Duration.ofSeconds(60);

  private static KafkaTestBroker broker;

  @BeforeAll
  static void start() {
    broker = KafkaTestBroker.start();
  }

  @AfterAll
  static void close() {
    broker.close();
  }

  @Test
  void carries_messages() throws Exception {
    createTopic(broker, "carried");
    send(broker, "carried", "a", "b");

    assertThat(readAll(broker, "carried", 2)).containsExactly("a", "b");
    assertThat(broker.version()).isEqualTo("Kafka 4.4.0");
  }

  @Test
  void tells_of_no_security_it_does_not_have() {
    assertThatThrownBy(broker::security)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("builder().secured(…)");
  }

  @Test
  void takes_no_user_that_its_settings_would_read_in_another_way() {
    KafkaTestBroker.Builder secured = KafkaTestBroker.builder().secured("admin", "any \\ \" text");

    assertThatThrownBy(() -> secured.user("a b", "x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'a b'");
    assertThatThrownBy(() -> secured.scramUser("a", "secret,1"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("secret,1");
  }

  @Test
  void has_the_features_of_a_formatted_broker() throws Exception {
    try (Admin admin = Admin.create(client(broker))) {
      assertThat(admin.describeFeatures().featureMetadata().get().finalizedFeatures())
          .containsKeys("group.version", "transaction.version", "share.version");
    }
  }

  @Test
  void creates_no_topic_by_mere_use() {
    try (Admin admin = Admin.create(client(broker))) {
      assertThatThrownBy(
              () -> admin.describeTopics(List.of("unknown")).allTopicNames().get(60, SECONDS))
          .hasCauseInstanceOf(UnknownTopicOrPartitionException.class);
    }
  }

  @Test
  void keeps_confirmed_messages_over_a_kill() throws Exception {
    createTopic(broker, "kept");
    send(broker, "kept", "a", "b", "c");
    ProcessHandle process = processOf(broker);

    broker.kill();
    assertThat(process.isAlive()).isFalse();
    broker.restart();

    assertThat(readAll(broker, "kept", 3)).containsExactly("a", "b", "c");
  }

  @Test
  void starts_again_after_a_clean_stop() throws Exception {
    createTopic(broker, "stopped");
    send(broker, "stopped", "a");
    int port = broker.port();

    broker.stop();
    assertThat(BrokerLife.isOpen(port)).isFalse();
    broker.restart();

    assertThat(broker.port()).isEqualTo(port);
    assertThat(readAll(broker, "stopped", 1)).containsExactly("a");
  }

  @Test
  void answers_nothing_while_it_is_paused() throws Exception {
    createTopic(broker, "paused");
    try (KafkaProducer<String, String> producer = producer(broker)) {
      producer.send(new ProducerRecord<>("paused", "before")).get(60, SECONDS);

      broker.pause();
      Future<RecordMetadata> sent = producer.send(new ProducerRecord<>("paused", "during"));
      assertThatThrownBy(() -> sent.get(1, SECONDS)).isInstanceOf(TimeoutException.class);
      broker.resume();

      assertThat(sent.get(60, SECONDS).offset()).isEqualTo(1);
    }
  }

  @Test
  void leaves_nothing_behind() {
    KafkaTestBroker closed = KafkaTestBroker.start();
    closed.pause();

    closed.close();
    closed.close();

    assertNothingIsLeftOf(closed);
    assertThatThrownBy(closed::restart)
        .isInstanceOf(BrokerUnavailableException.class)
        .hasMessage("Kafka has been closed: start a new one");
  }

  @Test
  void refuses_a_wrong_password() throws Exception {
    try (KafkaTestBroker guarded =
        KafkaTestBroker.builder().plainLogin("ann", "s3 cret!").start()) {
      try (Admin admin = Admin.create(login(guarded, "ann", "s3 cret!"))) {
        assertThat(admin.describeCluster().nodes().get(60, SECONDS)).hasSize(1);
      }
      try (Admin admin = Admin.create(login(guarded, "ann", "guess"))) {
        assertThatThrownBy(() -> admin.describeCluster().nodes().get(60, SECONDS))
            .isInstanceOf(ExecutionException.class)
            .hasCauseInstanceOf(SaslAuthenticationException.class);
      }
    }
  }

  @Test
  void sends_its_clients_through_a_proxy() throws Exception {
    try (FaultProxy proxy = FaultProxy.open();
        KafkaTestBroker behind =
            KafkaTestBroker.builder()
                .advertisedPort(proxy.port())
                .property("num.partitions", "3")
                .start()) {
      proxy.forwardTo(behind.port());
      createTopic(behind, "proxied");
      try (KafkaProducer<String, String> producer = producer(behind)) {
        assertThat(producer.partitionsFor("proxied")).hasSize(3);

        proxy.hold(FaultProxy.Direction.TO_CLIENT);
        Future<RecordMetadata> sent = producer.send(new ProducerRecord<>("proxied", "a"));
        assertThatThrownBy(() -> sent.get(1, SECONDS)).isInstanceOf(TimeoutException.class);
        proxy.heal();

        assertThat(sent.get(60, SECONDS).hasOffset()).isTrue();
      }
    }
  }

  @Test
  void has_a_second_way_through_a_proxy_that_leaves_the_first_one_alone() throws Exception {
    try (FaultProxy proxy = FaultProxy.open();
        KafkaTestBroker behind = KafkaTestBroker.builder().alsoThrough(proxy).start()) {
      createTopic(behind, "proxied");
      Map<String, Object> through = Map.of("bootstrap.servers", "127.0.0.1:" + proxy.port());
      try (KafkaProducer<String, String> producer =
          new KafkaProducer<>(through, new StringSerializer(), new StringSerializer())) {
        producer.send(new ProducerRecord<>("proxied", "a")).get(60, SECONDS);

        proxy.hold();
        Future<RecordMetadata> sent = producer.send(new ProducerRecord<>("proxied", "held"));
        assertThatThrownBy(() -> sent.get(1, SECONDS)).isInstanceOf(TimeoutException.class);
        send(behind, "proxied", "direct");
        proxy.heal();

        assertThat(sent.get(60, SECONDS).offset()).isEqualTo(2);
      }
    }
  }

  @Test
  void reports_the_output_of_a_broker_that_does_not_start() {
    KafkaTestBroker.Builder broken = KafkaTestBroker.builder().property("num.io.threads", "none");

    assertThatThrownBy(broken::start)
        .isInstanceOf(BrokerUnavailableException.class)
        .hasMessageStartingWith("The broker ended while it started: its output ends with")
        .hasMessageContaining("Invalid value none for configuration num.io.threads");
  }

  private static void createTopic(TestBroker broker, String topic) throws Exception {
    NewTopic created = new NewTopic(topic, Optional.empty(), Optional.empty());
    try (Admin admin = Admin.create(client(broker))) {
      admin.createTopics(List.of(created)).all().get(60, SECONDS);
    }
  }

  private static void send(TestBroker broker, String topic, String... values) throws Exception {
    try (KafkaProducer<String, String> producer = producer(broker)) {
      for (String value : values) {
        producer.send(new ProducerRecord<>(topic, value)).get(60, SECONDS);
      }
    }
  }

  private static List<String> readAll(TestBroker broker, String topic, int count) {
    List<String> values = new ArrayList<>();
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(client(broker), new StringDeserializer(), new StringDeserializer())) {
      TopicPartition partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long deadline = System.nanoTime() + DEADLINE.toNanos();
      while (values.size() < count && System.nanoTime() < deadline) {
        consumer.poll(Duration.ofMillis(100)).forEach(record -> values.add(record.value()));
      }
    }
    return values;
  }

  private static KafkaProducer<String, String> producer(TestBroker broker) {
    return new KafkaProducer<>(client(broker), new StringSerializer(), new StringSerializer());
  }

  private static Map<String, Object> client(TestBroker broker) {
    return Map.of("bootstrap.servers", broker.uri().substring("kafka://".length()));
  }

  private static Map<String, Object> login(TestBroker broker, String user, String password) {
    String module = "org.apache.kafka.common.security.plain.PlainLoginModule required ";
    return Map.of(
        "bootstrap.servers",
        broker.uri().substring("kafka://".length()),
        "security.protocol",
        "SASL_PLAINTEXT",
        "sasl.mechanism",
        "PLAIN",
        "sasl.jaas.config",
        module + "username=\"%s\" password=\"%s\";".formatted(user, password));
  }
}
