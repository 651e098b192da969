package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.TestBroker;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Connections to one broker, closed after a test; messages and names for it. */
final class KafkaFixture implements AutoCloseable {
  static final Duration DEADLINE = Duration.ofSeconds(20);

  private final TestBroker broker;
  private final Map<String, String> properties;
  private final List<TransportConnection> connections = new ArrayList<>();

  KafkaFixture(TestBroker broker) {
    this(broker, Map.of());
  }

  /** The same, with properties of all that is connected. */
  KafkaFixture(TestBroker broker, Map<String, String> properties) {
    this.broker = broker;
    this.properties = properties;
  }

  String servers() {
    return broker.uri().substring("kafka://".length());
  }

  KafkaTransport.Builder builder() {
    return unsaid().partitions(3);
  }

  /** Which says nothing of topics, so that those of any other connection fit. */
  KafkaTransport.Builder unsaid() {
    KafkaTransport.Builder builder = KafkaTransport.builder().bootstrapServers(servers());
    properties.forEach(builder::property);
    return builder;
  }

  TransportConnection connect() {
    return connect(builder());
  }

  TransportConnection connect(KafkaTransport.Builder builder) {
    TransportConnection connection = builder.build().connect(DEADLINE);
    connections.add(connection);
    return connection;
  }

  /** A connection for which the channels and sources stand. */
  TransportConnection prepared(Object... channelsAndSources) {
    return prepared(builder(), channelsAndSources);
  }

  TransportConnection prepared(KafkaTransport.Builder builder, Object... channelsAndSources) {
    TransportConnection connection = connect(builder);
    Topology topology = topology(channelsAndSources);
    assertThat(connection.prepare(topology, Topology.Mode.CREATE)).isEmpty();
    return connection;
  }

  static Topology topology(Object... channelsAndSources) {
    List<Channel> channels = new ArrayList<>();
    List<Source> sources = new ArrayList<>();
    for (Object part : channelsAndSources) {
      if (part instanceof Channel channel) {
        channels.add(channel);
      }
      if (part instanceof Source source) {
        sources.add(source);
      }
    }
    return new Topology(channels, sources, sources.stream().map(Source::deadLetterQueue).toList());
  }

  /** Waits until so many messages of a queue are committed, of which none is settled ahead. */
  static void awaitCommitted(TransportConnection connection, Queue queue, long count) {
    Admin admin = connection.unwrap(Admin.class).orElseThrow();
    await()
        .atMost(DEADLINE)
        .until(
            () ->
                admin
                        .listConsumerGroupOffsets(queue.name())
                        .partitionsToOffsetAndMetadata()
                        .get()
                        .values()
                        .stream()
                        .mapToLong(OffsetAndMetadata::offset)
                        .sum()
                    == count);
  }

  /** Deletes a topic; returns when the broker acts on it. */
  static void delete(Admin admin, String topic) throws Exception {
    admin.deleteTopics(List.of(topic)).all().get();
    await().atMost(DEADLINE).until(() -> !admin.listTopics().names().get().contains(topic));
  }

  /** Lets a topic take no larger messages. */
  static void limit(Admin admin, String topic, int bytes) throws Exception {
    AlterConfigOp limit =
        new AlterConfigOp(
            new ConfigEntry("max.message.bytes", Integer.toString(bytes)),
            AlterConfigOp.OpType.SET);
    admin
        .incrementalAlterConfigs(
            Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic), List.of(limit)))
        .all()
        .get();
  }

  static Queue queue() {
    return new Queue(unique("queue"), true);
  }

  static Topic topic() {
    return new Topic(unique("topic"), true);
  }

  static Subscription subscription(Topic topic, String name) {
    return new Subscription(topic, name);
  }

  static String unique(String prefix) {
    return prefix + "-" + UUID.randomUUID();
  }

  static WireMessage message(String body) {
    return keyed(null, body);
  }

  static WireMessage keyed(String key, String body) {
    return new WireMessage(
        body.getBytes(StandardCharsets.UTF_8),
        "text/plain",
        Map.of("id", UUID.randomUUID().toString(), "type", "test.v1", "source", "/test"),
        Map.of(),
        key,
        null);
  }

  static void send(TransportConnection connection, Channel channel, WireMessage... messages) {
    CompletableFuture<?>[] answers = new CompletableFuture<?>[messages.length];
    for (int i = 0; i < messages.length; i++) {
      answers[i] = connection.sender().send(channel, messages[i], DEADLINE);
    }
    CompletableFuture.allOf(answers).join();
  }

  /** Reads a topic from its beginning with Kafka's own consumer. */
  List<ConsumerRecord<byte[], byte[]>> read(String topic, int count) {
    return read(topic, count, "read_uncommitted");
  }

  /** The same without what was aborted, or is still open; waits until nothing more is there. */
  List<ConsumerRecord<byte[], byte[]>> readCommitted(String topic, int count) {
    return read(topic, count, "read_committed");
  }

  private List<ConsumerRecord<byte[], byte[]>> read(String topic, int count, String isolation) {
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                servers(),
                "auto.offset.reset",
                "earliest",
                "isolation.level",
                isolation),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      Set<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(info -> new TopicPartition(topic, info.partition()))
              .collect(Collectors.toSet());
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      await()
          .atMost(DEADLINE)
          .until(
              () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
                return records.size() >= count
                    && consumer.endOffsets(partitions).entrySet().stream()
                        .allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
              });
    }
    return records;
  }

  /** Closes all connections, and checks that no thread of ours is left. */
  @Override
  public void close() {
    connections.forEach(TransportConnection::close);
    awaitNoThreads();
  }

  /** A thread that waits for a broker that is slow outlives a close by some seconds. */
  static void awaitNoThreads() {
    await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> assertThat(ownThreads()).isEmpty());
  }

  static List<String> ownThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(Thread::isAlive)
        .map(Thread::getName)
        .filter(name -> name.contains("waybill-kafka"))
        .sorted()
        .toList();
  }
}
