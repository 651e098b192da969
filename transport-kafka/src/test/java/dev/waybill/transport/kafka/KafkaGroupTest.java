package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.Inbox.accept;
import static dev.waybill.transport.kafka.Inbox.settle;
import static dev.waybill.transport.kafka.Inbox.text;
import static dev.waybill.transport.kafka.KafkaFixture.message;
import static dev.waybill.transport.kafka.KafkaFixture.queue;
import static dev.waybill.transport.kafka.KafkaFixture.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.routing.Queue;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.TransportConnection;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** What a receiver does as a member of its consumer group. */
@ParameterizedClass
@ValueSource(strings = {"classic", "consumer"})
class KafkaGroupTest {
  private final KafkaFixture kafka;
  private final Queue queue = queue();
  private final Inbox inbox = new Inbox();

  KafkaGroupTest(String protocol) {
    kafka = new KafkaFixture(TestBrokers.kafka(), Map.of("group.protocol", protocol));
  }

  @AfterEach
  void close() {
    kafka.close();
  }

  @Test
  void whatIsSettledIsCommittedSoonWithWhatLiesBeyondTheFirstOpenMessage() throws Exception {
    TransportConnection connection = onePartition(4);
    connection.receive(queue, 4, inbox);
    List<Delivery> all = inbox.next(4);

    accept(all.get(0));
    accept(all.get(2));

    await()
        .atMost(Inbox.LONG_ENOUGH)
        .untilAsserted(
            () -> {
              OffsetAndMetadata committed = committed(connection);
              assertThat(committed.offset()).isEqualTo(1);
              assertThat(committed.metadata()).isEqualTo("wb1:1.1@0"); // by the first leader
            });
  }

  @Test
  void abortedMessagesAreNotDeliveredAndLeaveNoLag() throws Exception {
    TransportConnection connection = onePartition(1);
    connection.receive(queue, 10, inbox);
    accept(inbox.next());
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", kafka.servers(), "transactional.id", queue.name()),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      producer.initTransactions();
      producer.beginTransaction();
      producer.send(new ProducerRecord<>(queue.name(), new byte[] {'a'})).get();
      producer.abortTransaction();
      producer.beginTransaction();
      producer.send(new ProducerRecord<>(queue.name(), new byte[] {'c'})).get();
      producer.commitTransaction();
    }

    Delivery committed = inbox.next();

    assertThat(text(committed)).isEqualTo("c");
    accept(committed);
    // 3 messages and 2 markers
    await()
        .atMost(Inbox.LONG_ENOUGH)
        .untilAsserted(() -> assertThat(committed(connection).offset()).isEqualTo(5));
  }

  @Test
  void aReceiverTellsWhatItOwnsHowFarItIsBehindAndWhatIsSettledAhead() throws Exception {
    TransportConnection connection = onePartition(7);
    Receiver receiver = connection.receive(queue, 3, inbox);
    List<Delivery> all = inbox.next(3);

    settle(all.get(1), Settlement.accept());
    settle(all.get(2), Settlement.accept());
    inbox.next(2);

    await()
        .atMost(Inbox.LONG_ENOUGH)
        .untilAsserted(
            () -> {
              Receiver.Status now = receiver.status();
              assertThat(now.owned()).containsExactly(queue.name() + "-0");
              assertThat(now.backlog()).isEqualTo(5);
              assertThat(now.asOf()).isBeforeOrEqualTo(Instant.now());
              assertThat(now.settledAhead()).isEqualTo(2);
              assertThat(now.waiting()).isEqualTo(2);
            });
    receiver.close();
    assertThat(receiver.status()).isEqualTo(Receiver.Status.UNKNOWN);
  }

  @Test
  void foreignCommitMetadataIsIgnored() throws Exception {
    TransportConnection connection = onePartition(3);
    admin(connection)
        .alterConsumerGroupOffsets(
            queue.name(), Map.of(partition(), new OffsetAndMetadata(1, "not ours")))
        .all()
        .get();

    connection.receive(queue, 10, inbox);

    assertThat(inbox.next(2)).extracting(Inbox::text).containsExactly("1", "2");
  }

  @Test
  void aReceiverThatWasHeldUpTooLongOwnsNothingAndJoinsAnew() throws Exception {
    KafkaTransport.Builder impatient = kafka.builder().property("max.poll.interval.ms", "3000");
    TransportConnection connection = kafka.prepared(impatient, queue);
    CountDownLatch lost = new CountDownLatch(1);
    Inbox blocking =
        new Inbox() {
          @Override
          public void delivered(Delivery delivery) {
            super.delivered(delivery);
            // which a listener must not do
            await().atMost(Inbox.LONG_ENOUGH).until(() -> !delivery.isOwned() || isSecond());
            lost.countDown();
          }

          private boolean isSecond() {
            return lost.getCount() == 0;
          }
        };
    send(connection, queue, message("x"));
    connection.receive(queue, 1, blocking);

    Delivery first = blocking.next();
    lost.await();

    assertThat(settle(first, Settlement.accept())).isEqualTo(Result.NOT_OWNED);
    Delivery second = blocking.next();
    assertThat(second.brokerId()).isEqualTo(first.brokerId());
    assertThat(first.isOwned()).isFalse();
    accept(second);
    await().atMost(Inbox.LONG_ENOUGH).until(() -> blocking.events.contains("recovered"));
    assertThat(blocking.events).containsExactly("failed", "recovered");
  }

  private TransportConnection onePartition(int messages) {
    TransportConnection connection = kafka.prepared(kafka.builder().partitions(1), queue);
    for (int i = 0; i < messages; i++) {
      send(connection, queue, message("" + i));
    }
    return connection;
  }

  private TopicPartition partition() {
    return new TopicPartition(queue.name(), 0);
  }

  private OffsetAndMetadata committed(TransportConnection connection) throws Exception {
    return admin(connection)
        .listConsumerGroupOffsets(queue.name())
        .partitionsToOffsetAndMetadata()
        .get()
        .getOrDefault(partition(), new OffsetAndMetadata(0));
  }

  private static Admin admin(TransportConnection connection) {
    return connection.unwrap(Admin.class).orElseThrow();
  }
}
