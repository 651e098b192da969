package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.KafkaFixture.DEADLINE;
import static dev.waybill.transport.kafka.KafkaFixture.queue;
import static dev.waybill.transport.kafka.KafkaFixture.send;
import static org.apache.kafka.clients.consumer.CloseOptions.GroupMembershipOperation.REMAIN_IN_GROUP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.routing.Queue;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.TransportConnection;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A mover on a real broker, whose first consumer dies like a process that is killed. */
class DelayMoverTest {
  private final KafkaFixture kafka = new KafkaFixture(TestBrokers.kafka());
  private final Queue queue = queue();
  private final DelaySettings quick =
      new DelaySettings(true, new DelayLevels(10), Duration.ofMinutes(1));
  private final TransportConnection connection =
      kafka.prepared(kafka.builder().delays(quick), queue);
  private final Admin admin = connection.unwrap(Admin.class).orElseThrow();
  private final AtomicInteger consumers = new AtomicInteger();
  private final AtomicLong writtenWhenAsked = new AtomicLong();
  private final AtomicLong asked = new AtomicLong();
  private final DelayTopics topics = new DelayTopics(settings(), admin);
  private final Delays delays =
      new Delays(settings(), this::consumer, admin, (KafkaSender) connection.sender(), topics);

  @AfterEach
  void close() {
    delays.beginClose();
    delays.awaitClosed(Deadline.in(DEADLINE));
    topics.close();
    kafka.close();
  }

  @Test
  void aMoverThatDiesBetweenWriteAndCommitLosesNothing() throws Exception {
    List<String> sent = List.of("1", "2", "3", "4", "5");
    for (String body : sent) {
      send(connection, queue, KafkaDelayTest.delayed(body, Duration.ofMillis(5)));
    }

    delays.receivingFrom(queue.name());

    await().atMost(DEADLINE).until(() -> asked.get() > 0);
    assertThat(writtenWhenAsked.get()).isGreaterThanOrEqualTo(asked.get());
    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(() -> assertThat(committed()).isEqualTo(written()));
    assertThat(consumers.get()).isGreaterThan(1);
    assertThat(kafka.read(queue.name(), sent.size()))
        .extracting(record -> new String(record.value(), StandardCharsets.UTF_8))
        .containsAll(sent);
  }

  /** The first one commits nothing, and stays a member until the group misses it. */
  private Consumer<byte[], byte[]> consumer(String group) {
    Map<String, Object> properties = new ClientProperties(settings(), "test").consumer(group, 64);
    Consumer<byte[], byte[]> real = new KafkaConsumer<>(properties);
    return consumers.incrementAndGet() > 1 ? real : dyingAtItsFirstCommit(real);
  }

  @SuppressWarnings("unchecked")
  private Consumer<byte[], byte[]> dyingAtItsFirstCommit(Consumer<byte[], byte[]> real) {
    return (Consumer<byte[], byte[]>)
        Proxy.newProxyInstance(
            Consumer.class.getClassLoader(),
            new Class<?>[] {Consumer.class},
            (proxy, method, arguments) -> {
              switch (method.getName()) {
                case "commitAsync", "commitSync" -> {
                  if (isOfMoved((Map<?, OffsetAndMetadata>) arguments[0])) {
                    throw new KafkaException("killed");
                  }
                  return invoke(real, method, arguments);
                }
                case "close" -> {
                  real.close(CloseOptions.groupMembershipOperation(REMAIN_IN_GROUP));
                  return null;
                }
                default -> {
                  return invoke(real, method, arguments);
                }
              }
            });
  }

  /** All messages are in one partition, so an offset is a number of messages. */
  private boolean isOfMoved(Map<?, OffsetAndMetadata> offsets) throws Exception {
    long moved = offsets.values().stream().mapToLong(OffsetAndMetadata::offset).sum();
    if (moved > 0 && asked.get() == 0) {
      writtenWhenAsked.set(KafkaDelayTest.written(connection, queue.name()));
      asked.set(moved);
    }
    return asked.get() > 0;
  }

  private static Object invoke(Object target, Method method, Object[] arguments) throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private KafkaSettings settings() {
    return TestSettings.of(
        kafka.servers(),
        Duration.ofSeconds(30),
        Map.of("session.timeout.ms", "6000", "heartbeat.interval.ms", "1000"),
        quick);
  }

  private long written() throws Exception {
    return KafkaDelayTest.written(connection, KafkaNames.delayTopic(queue.name()));
  }

  private long committed() throws Exception {
    return admin
        .listConsumerGroupOffsets(KafkaNames.delayTopic(queue.name()))
        .partitionsToOffsetAndMetadata()
        .get()
        .values()
        .stream()
        .mapToLong(offset -> offset.offset())
        .sum();
  }
}
