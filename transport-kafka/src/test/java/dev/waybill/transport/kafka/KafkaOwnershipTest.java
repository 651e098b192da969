package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.Inbox.accept;
import static dev.waybill.transport.kafka.Inbox.settle;
import static dev.waybill.transport.kafka.Inbox.text;
import static dev.waybill.transport.kafka.KafkaFixture.keyed;
import static dev.waybill.transport.kafka.KafkaFixture.message;
import static dev.waybill.transport.kafka.KafkaFixture.queue;
import static dev.waybill.transport.kafka.KafkaFixture.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.waybill.routing.Queue;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who has a partition, and what becomes of the work in it when that changes. */
class KafkaOwnershipTest {
  private static final Duration POLL = Duration.ofMillis(100);

  private final KafkaFixture kafka = new KafkaFixture(TestBrokers.kafka());
  private final Queue queue = queue();
  private final TopicPartition partition = new TopicPartition(queue.name(), 0);
  private final Inbox inbox = new Inbox();

  @AfterEach
  void close() {
    kafka.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"classic", "consumer"})
  void the_late_commit_of_an_expelled_client_is_refused_by_the_classic_protocol_only(
      String protocol) throws Exception {
    onePartition(protocol, 10);
    try (KafkaConsumer<byte[], byte[]> late = client(protocol)) {
      join(late);
      awaitEmptyGroup(); // it is not polled any more
      anotherCommits(protocol, 4);

      if (protocol.equals("classic")) {
        assertThatThrownBy(() -> late.commitSync(Map.of(partition, new OffsetAndMetadata(1))))
            .isInstanceOf(CommitFailedException.class);
        assertThat(committed()).isEqualTo(4);
      } else {
        late.commitSync(Map.of(partition, new OffsetAndMetadata(1)));
        assertThat(committed()).as("the group has gone back").isEqualTo(1);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"classic", "consumer"})
  void a_receiver_that_was_held_up_and_expelled_never_takes_the_group_back(String protocol)
      throws Exception {
    TransportConnection connection = onePartition(protocol, 10);
    CountDownLatch hold = new CountDownLatch(1);
    Inbox held =
        new Inbox() {
          @Override
          public void delivered(Delivery delivery) {
            super.delivered(delivery);
            if (text(delivery).equals("1")) { // which a listener must not do
              await().atMost(LONG_ENOUGH.multipliedBy(2)).until(() -> hold.getCount() == 0);
            }
          }
        };
    connection.receive(queue, 10, held);
    Delivery settled = held.next();
    Delivery open = held.next();
    Result early = settle(settled, Settlement.accept());
    assertThat(early)
        .as("before the poll interval is over, so that there is something to commit")
        .isIn(Result.SETTLED, Result.NOT_OWNED);
    awaitEmptyGroup();
    anotherCommits(protocol, 8);

    hold.countDown();

    assertThat(settle(open, Settlement.accept())).isEqualTo(Result.NOT_OWNED);
    assertThat(nextOwned(held, 2)).extracting(Inbox::text).containsExactly("8", "9");
    assertThat(committed()).isEqualTo(8);
    assertThat(held.hasForgotten())
        .as("that nobody has committed it")
        .isEqualTo(early == Result.SETTLED);
  }

  /** Without what came in one batch with those that were lost. */
  private static List<Delivery> nextOwned(Inbox inbox, int count) throws InterruptedException {
    List<Delivery> owned = new ArrayList<>();
    while (owned.size() < count) {
      Delivery next = inbox.next();
      if (next.isOwned()) {
        owned.add(next);
      }
    }
    return owned;
  }

  @ParameterizedTest
  @ValueSource(strings = {"classic", "consumer"})
  void what_was_settled_before_a_partition_moved_does_not_come_again(String protocol)
      throws Exception {
    TransportConnection connection = kafka.prepared(builder(protocol).partitions(6), queue);
    connection.receive(queue, 20, inbox);
    Inbox other = new Inbox();
    Set<String> settled = new HashSet<>();
    List<String> twice = new ArrayList<>();
    int sent = 0;
    int others = 0;
    while (others < 30) { // the second joins while the first works
      if (sent == 30) {
        kafka.prepared(builder(protocol).partitions(6), queue).receive(queue, 20, other);
      }
      send(connection, queue, keyed("" + sent, "" + sent));
      sent++;
      settleAll(inbox, settled, twice);
      others += settleAll(other, settled, twice);
    }
    int all = sent;
    await()
        .atMost(Inbox.LONG_ENOUGH)
        .until(
            () -> {
              settleAll(inbox, settled, twice);
              settleAll(other, settled, twice);
              return settled.size() == all;
            });
    // a broker that does not answer in time makes it so, and the receiver tells of it
    await()
        .atMost(Inbox.LONG_ENOUGH)
        .until(() -> twice.isEmpty() || inbox.hasForgotten() || other.hasForgotten());
  }

  private static int settleAll(Inbox inbox, Set<String> settled, List<String> twice)
      throws InterruptedException {
    int count = 0;
    for (Delivery delivery : inbox.next(inbox.size())) {
      if (settled.contains(text(delivery))) {
        twice.add(text(delivery));
      }
      if (settle(delivery, Settlement.accept()) == Result.SETTLED) {
        settled.add(text(delivery));
        count++;
      }
    }
    return count;
  }

  @ParameterizedTest
  @ValueSource(strings = {"classic", "consumer"})
  void a_moving_partition_does_not_wait_for_ever_and_a_late_settlement_is_harmless(String protocol)
      throws Exception {
    TransportConnection connection = kafka.prepared(builder(protocol).partitions(3), queue);
    IntStream.range(0, 30).forEach(i -> send(connection, queue, keyed("" + i, "" + i)));
    connection.receive(queue, 30, inbox);
    List<Delivery> all = inbox.next(30);
    Inbox other = new Inbox();

    kafka.prepared(builder(protocol), queue).receive(queue, 30, other);

    Delivery moved = other.next();
    Delivery before =
        all.stream().filter(d -> d.brokerId().equals(moved.brokerId())).findFirst().orElseThrow();
    assertThat(before.isOwned()).isFalse();
    assertThat(settle(before, Settlement.accept())).isEqualTo(Result.NOT_OWNED);
    assertThat(settle(before, new Settlement.Release(Duration.ZERO, 1)))
        .isEqualTo(Result.NOT_OWNED);
    List<Delivery> kept = all.stream().filter(Delivery::isOwned).toList();
    assertThat(kept).isNotEmpty();
    kept.forEach(Inbox::accept);
    assertThat(other.next(29 - kept.size())).allMatch(Delivery::isOwned);
    accept(moved);
  }

  private TransportConnection onePartition(String protocol, int messages) {
    TransportConnection connection =
        kafka.prepared(
            builder(protocol).partitions(1).property("max.poll.interval.ms", "6000"), queue);
    for (int i = 0; i < messages; i++) {
      send(connection, queue, message("" + i));
    }
    return connection;
  }

  private KafkaTransport.Builder builder(String protocol) {
    return kafka.builder().property("group.protocol", protocol);
  }

  /** Another member of the group, which commits and leaves. */
  private void anotherCommits(String protocol, long offset) {
    try (KafkaConsumer<byte[], byte[]> other = client(protocol)) {
      join(other);
      other.commitSync(Map.of(partition, new OffsetAndMetadata(offset)));
    }
    awaitEmptyGroup();
    assertThat(committed()).isEqualTo(offset);
  }

  private void join(KafkaConsumer<byte[], byte[]> consumer) {
    consumer.subscribe(List.of(queue.name()));
    await()
        .pollInSameThread()
        .atMost(Inbox.LONG_ENOUGH)
        .until(
            () -> {
              consumer.poll(POLL);
              return consumer.assignment().contains(partition);
            });
  }

  private KafkaConsumer<byte[], byte[]> client(String protocol) {
    Map<String, Object> properties = new HashMap<>();
    properties.put("bootstrap.servers", kafka.servers());
    properties.put("group.id", queue.name());
    properties.put("group.protocol", protocol);
    properties.put("enable.auto.commit", "false");
    properties.put("auto.offset.reset", "earliest");
    properties.put("max.poll.interval.ms", "6000");
    return new KafkaConsumer<>(
        properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private void awaitEmptyGroup() {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.servers()))) {
      await()
          .atMost(Inbox.LONG_ENOUGH)
          .until(
              () ->
                  admin
                      .describeConsumerGroups(List.of(queue.name()))
                      .all()
                      .get()
                      .get(queue.name())
                      .members()
                      .isEmpty());
    }
  }

  private long committed() {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.servers()))) {
      return admin
          .listConsumerGroupOffsets(queue.name())
          .partitionsToOffsetAndMetadata()
          .get()
          .get(partition)
          .offset();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
