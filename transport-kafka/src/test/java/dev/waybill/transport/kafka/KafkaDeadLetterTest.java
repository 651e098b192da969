package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.Inbox.accept;
import static dev.waybill.transport.kafka.Inbox.settle;
import static dev.waybill.transport.kafka.KafkaFixture.message;
import static dev.waybill.transport.kafka.KafkaFixture.queue;
import static dev.waybill.transport.kafka.KafkaFixture.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KafkaDeadLetterTest {
  private static final byte[] NOT_UTF_8 = {(byte) 0xff, 0};
  private static final Settlement.Reject REJECT =
      new Settlement.Reject(
          "broken", Map.of("waybill-reason", "broken – déjà", "waybill-attempts", "3"));

  private final KafkaFixture kafka = new KafkaFixture(TestBrokers.kafka());
  private final Inbox inbox = new Inbox();
  private final Queue queue = queue();

  @AfterEach
  void close() {
    kafka.close();
  }

  @Test
  void aRejectedMessageIsEvidenceAsItWasReceived() throws Exception {
    TransportConnection connection = kafka.prepared(queue);
    ProducerRecord<byte[], byte[]> foreign =
        new ProducerRecord<>(queue.name(), NOT_UTF_8, NOT_UTF_8);
    foreign.headers().add("h", NOT_UTF_8).add("h", null).add("ce_id", new byte[] {'1'});
    @SuppressWarnings("unchecked")
    Producer<byte[], byte[]> producer = connection.unwrap(Producer.class).orElseThrow();
    producer.send(foreign).get();
    Receiver receiver = connection.receive(queue, 1, inbox);

    assertThat(settle(inbox.next(), REJECT)).isEqualTo(Result.SETTLED);

    ConsumerRecord<byte[], byte[]> letter = kafka.read(queue.deadLetterQueue().name(), 1).get(0);
    assertThat(letter.key()).isEqualTo(NOT_UTF_8);
    assertThat(letter.value()).isEqualTo(NOT_UTF_8);
    assertThat(letter.headers().headers("h"))
        .extracting(Header::value)
        .containsExactly(NOT_UTF_8, null);
    assertThat(letter.headers().lastHeader("waybill-reason").value())
        .isEqualTo("broken – déjà".getBytes(StandardCharsets.UTF_8));
    assertThat(letter.headers()).hasSize(5);
    KafkaFixture.awaitCommitted(connection, queue, 1);
    receiver.close();
    Inbox again = new Inbox();
    connection.receive(queue, 1, again);
    again.staysEmpty(Duration.ofSeconds(1));
  }

  @Test
  void theDeadLetterQueueIsAQueueToReceiveFrom() throws Exception {
    TransportConnection connection = kafka.prepared(queue);
    send(connection, queue, message("x"));
    connection.receive(queue, 1, inbox);
    settle(inbox.next(), REJECT);
    Inbox letters = new Inbox();

    connection.receive(queue.deadLetterQueue(), 1, letters);

    Delivery letter = letters.next();
    assertThat(Inbox.text(letter)).isEqualTo("x");
    assertThat(letter.message().attributes()).containsEntry("type", "test.v1");
    assertThat(letter.message().headers()).containsEntry("waybill-attempts", "3");
    accept(letter);
  }

  @Test
  void aMessageIsKeptWhileItsDeadLetterQueueIsGone() throws Exception {
    TransportConnection connection = kafka.prepared(queue);
    Queue letters = queue.deadLetterQueue();
    Admin admin = connection.unwrap(Admin.class).orElseThrow();
    KafkaFixture.delete(admin, letters.name());
    send(connection, queue, message("x"));
    connection.receive(queue, 1, inbox);
    Delivery delivery = inbox.next();

    MessagingException problem = failure(delivery);

    assertThat(problem.code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(delivery.isOwned()).isTrue();
    connection.prepare(new Topology(List.of(), List.of(), List.of(letters)), Topology.Mode.CREATE);
    await()
        .atMost(Inbox.LONG_ENOUGH)
        .ignoreExceptions() // that it is missing is remembered for a while
        .until(() -> settle(delivery, REJECT) == Result.SETTLED);
    assertThat(kafka.read(letters.name(), 1)).hasSize(1);
  }

  @Test
  void aMessageOfTheLargestSizeCanBecomeADeadLetter() throws Exception {
    TransportConnection connection = kafka.prepared(queue);
    Capabilities limits = kafka.builder().build().capabilities(true);
    send(
        connection,
        queue,
        new WireMessage(
            new byte[(int) limits.maxBodyBytes()],
            null,
            Map.of(),
            Map.of("h", "v".repeat((int) limits.maxHeaderBytes() - 1)),
            null,
            null));
    connection.receive(queue, 1, inbox);
    Settlement.Reject reject =
        new Settlement.Reject("why", Map.of("waybill-reason", "r".repeat(64 * 1024)));

    assertThat(settle(inbox.next(), reject)).isEqualTo(Result.SETTLED);
  }

  @Test
  void closeFinishesARejectionThatWasBegun() throws Exception {
    TransportConnection connection = kafka.prepared(queue);
    send(connection, queue, message("before"), message("x"));
    Receiver receiver = connection.receive(queue, 1, inbox);
    settle(inbox.next(), REJECT); // the dead letters' topic is known

    CompletableFuture<Result> rejection = inbox.next().settle(REJECT).toCompletableFuture();
    receiver.close();

    assertThat(rejection).isCompletedWithValue(Result.SETTLED);
  }

  private static MessagingException failure(Delivery delivery) {
    CompletionException failed =
        catchThrowableOfType(CompletionException.class, () -> settle(delivery, REJECT));
    assertThat(failed).isNotNull();
    return (MessagingException) failed.getCause();
  }
}
