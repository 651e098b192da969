package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.Inbox.accept;
import static dev.waybill.transport.kafka.Inbox.settle;
import static dev.waybill.transport.kafka.Inbox.text;
import static dev.waybill.transport.kafka.KafkaFixture.keyed;
import static dev.waybill.transport.kafka.KafkaFixture.queue;
import static dev.waybill.transport.kafka.KafkaFixture.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.routing.Queue;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What whoever has the partition next knows of messages that have failed. */
class KafkaRestartTest {
  private final KafkaFixture kafka = new KafkaFixture(TestBrokers.kafka());
  private final Queue queue = queue();
  private final Inbox inbox = new Inbox();

  @AfterEach
  void close() {
    kafka.close();
  }

  @Test
  void afterARestartAFailedMessageGoesOnWithTheNextAttemptNotBeforeItIsDue() throws Exception {
    TransportConnection connection = onePartition("a1", "a2", "b1");
    Receiver receiver = connection.receive(queue, 10, inbox);
    inbox.next(); // a1, still open when the receiver ends
    Delivery second = inbox.next();
    Delivery other = inbox.next();
    Instant due = Instant.now().plusSeconds(3);
    settle(second, new Settlement.Release(Duration.ZERO, 0));
    settle(other, new Settlement.Release(Duration.ofSeconds(3), 4));

    receiver.close();

    Inbox next = new Inbox();
    connection.receive(queue, 10, next);
    for (Delivery delivery : next.next(3)) {
      if (text(delivery).equals("b1")) {
        assertThat(Instant.now()).isAfterOrEqualTo(due);
      }
      assertThat(delivery.attempt()).isEqualTo(text(delivery).equals("b1") ? 5 : 1);
    }
  }

  @Test
  void aPartitionThatMovesTakesAttemptsAndWaitsAlong() throws Exception {
    TransportConnection connection = onePartition("a1", "b1");
    Receiver receiver = connection.receive(queue, 10, inbox);
    Delivery first = inbox.next();
    Delivery other = inbox.next();
    settle(first, new Settlement.Release(Duration.ofHours(1), 2));
    Inbox next = new Inbox();
    kafka.prepared(kafka.unsaid(), queue).receive(queue, 10, next);
    accept(other);

    receiver.close();
    send(connection, queue, keyed("c", "c1"));

    assertThat(text(next.next())).isEqualTo("c1");
    next.staysEmpty(Duration.ofMillis(500));
    CommitMetadata said = await().atMost(Inbox.LONG_ENOUGH).until(this::committed, this::hasOne);
    assertThat(said.failed().get(0L).attempts()).isEqualTo(2);
  }

  @Test
  void afterACrashBetweenAttemptsAnotherInstanceGoesOnWithTheNextOne() throws Exception {
    TransportConnection connection = onePartition("a1", "b1");
    // what a consumer that died has left is its last commit, which this one makes without closing
    connection.receive(queue, 10, inbox);
    Delivery first = inbox.next();
    Instant due = Instant.now().plusSeconds(2);
    settle(first, new Settlement.Release(Duration.ofSeconds(2), 3));
    OffsetAndMetadata left =
        await().atMost(Inbox.LONG_ENOUGH).until(this::raw, raw -> !raw.metadata().isEmpty());
    Queue copy = queue();
    TransportConnection later = kafka.prepared(kafka.builder().partitions(1), copy);
    send(later, copy, keyed("a", "a1"), keyed("b", "b1"));
    admin(later)
        .alterConsumerGroupOffsets(copy.name(), Map.of(new TopicPartition(copy.name(), 0), left))
        .all()
        .get();

    Inbox next = new Inbox();
    later.receive(copy, 10, next);

    Delivery other = next.next();
    assertThat(text(other)).isEqualTo("b1");
    assertThat(other.attempt()).isEqualTo(1);
    Delivery again = next.next();
    assertThat(Instant.now()).isAfterOrEqualTo(due.minusMillis(1));
    assertThat(text(again)).isEqualTo("a1");
    assertThat(again.attempt()).isEqualTo(4);
  }

  private TransportConnection onePartition(String... texts) {
    TransportConnection connection = kafka.prepared(kafka.builder().partitions(1), queue);
    for (String text : texts) {
      send(connection, queue, keyed(text.substring(0, 1), text));
    }
    return connection;
  }

  private boolean hasOne(CommitMetadata said) {
    return said.failed().containsKey(0L);
  }

  private CommitMetadata committed() throws Exception {
    OffsetAndMetadata raw = raw();
    return CommitMetadata.decode(raw.offset(), raw.metadata());
  }

  private OffsetAndMetadata raw() throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.servers()))) {
      return admin
          .listConsumerGroupOffsets(queue.name())
          .partitionsToOffsetAndMetadata()
          .get()
          .getOrDefault(new TopicPartition(queue.name(), 0), new OffsetAndMetadata(0));
    }
  }

  private static Admin admin(TransportConnection connection) {
    return connection.unwrap(Admin.class).orElseThrow();
  }
}
