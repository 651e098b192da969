package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.KafkaFixture.DEADLINE;
import static dev.waybill.transport.kafka.KafkaFixture.message;
import static dev.waybill.transport.kafka.KafkaFixture.queue;
import static dev.waybill.transport.kafka.KafkaFixture.topic;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KafkaSendTest {
  private final KafkaFixture kafka = new KafkaFixture(TestBrokers.kafka());

  @AfterEach
  void close() {
    kafka.close();
  }

  @Test
  void aSendCompletesWithTheBrokersNameForTheMessage() {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);

    String id = connection.sender().send(queue, message("one"), DEADLINE).join();

    assertThat(id).matches(queue.name() + "-[0-2]@0");
  }

  @Test
  void aForeignConsumerCanReadOurMessage() {
    Topic topic = topic();
    TransportConnection connection = kafka.prepared(topic);
    WireMessage message =
        new WireMessage(
            bytes("{\"price\":1}"),
            "application/json",
            Map.of("id", "1", "type", "offer.v1", "source", "/shop", "specversion", "1.0"),
            Map.of("wb-note", "grün"),
            "ключ",
            null);

    KafkaFixture.send(connection, topic, message);

    ConsumerRecord<byte[], byte[]> record = kafka.read(topic.name(), 1).get(0);
    assertThat(record.value()).isEqualTo(bytes("{\"price\":1}"));
    assertThat(record.key()).isEqualTo(bytes("ключ"));
    assertThat(header(record, "content-type")).isEqualTo("application/json");
    assertThat(header(record, "ce_id")).isEqualTo("1");
    assertThat(header(record, "ce_type")).isEqualTo("offer.v1");
    assertThat(header(record, "ce_specversion")).isEqualTo("1.0");
    assertThat(header(record, "wb-note")).isEqualTo("grün");
    assertThat(record.headers()).hasSize(6);
  }

  @Test
  void a_key_has_the_partition_that_an_ordinary_producer_gives_it() throws Exception {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(kafka.builder().partitions(7), queue);
    Map<String, Object> ordinary = Map.of("bootstrap.servers", kafka.servers());
    Set<Integer> partitions = new TreeSet<>();
    try (Producer<String, byte[]> producer =
        new KafkaProducer<>(ordinary, new StringSerializer(), new ByteArraySerializer())) {
      for (int i = 0; i < 60; i++) {
        String key = i == 0 ? "ключ" : "key-" + i;
        var theirs = producer.send(new ProducerRecord<>(queue.name(), key, bytes("theirs"))).get();

        String ours =
            connection.sender().send(queue, KafkaFixture.keyed(key, "ours"), DEADLINE).join();

        assertThat(ours).as(key).startsWith(queue.name() + "-" + theirs.partition() + "@");
        partitions.add(theirs.partition());
      }
    }
    assertThat(partitions).hasSize(7);
  }

  @Test
  void messagesOfOneKeyAreStoredInSendingOrder() {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    List<CompletableFuture<String>> answers = new ArrayList<>();

    for (int i = 0; i < 500; i++) {
      WireMessage message = KafkaFixture.keyed("k", "" + i);
      answers.add(connection.sender().send(queue, message, DEADLINE));
    }

    answers.forEach(CompletableFuture::join);
    List<ConsumerRecord<byte[], byte[]>> records = kafka.read(queue.name(), 500);
    for (int i = 0; i < 500; i++) {
      assertThat(records.get(i).value()).isEqualTo(bytes("" + i));
    }
  }

  @Test
  void aMessageForATopicThatDoesNotExistIsRejected() {
    Queue missing = queue();
    TransportConnection connection = kafka.prepared();

    SendException problem = failure(connection, missing, message("x"), DEADLINE);

    assertThat(problem.certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(problem.code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(problem).hasMessageContaining(missing.name());
  }

  @Test
  void theLargestMessageOfTheCapabilitiesPasses() {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    Capabilities limits = kafka.builder().build().capabilities(true);
    String key = "k".repeat((int) limits.maxHeaderBytes() - "partitionkey".length());
    WireMessage largest =
        new WireMessage(
            new byte[(int) limits.maxBodyBytes()],
            null,
            Map.of("partitionkey", key),
            Map.of(),
            key,
            null);

    assertThat(connection.sender().send(queue, largest, DEADLINE)).succeedsWithin(DEADLINE);
  }

  @Test
  void aMessageThatIsTooLargeForTheBrokerIsRejected() {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);

    for (int size : new int[] {1_060_000, 5_000_000}) {
      WireMessage message = new WireMessage(new byte[size], null, Map.of(), Map.of(), null, null);
      SendException problem = failure(connection, queue, message, DEADLINE);

      assertThat(problem.certainty()).isEqualTo(Certainty.REJECTED);
      assertThat(problem.code()).isEqualTo(ErrorCode.TOO_LARGE);
    }
  }

  @Test
  void aDependentOfAnAnswerMaySendAgain() {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);

    CompletableFuture<String> second =
        connection
            .sender()
            .send(queue, message("first"), DEADLINE)
            .thenCompose(id -> connection.sender().send(queue, message("second"), DEADLINE));

    assertThat(second).succeedsWithin(DEADLINE);
  }

  @Test
  void anErrorOfTheProducersIsAnAnswer() {
    MockProducer<byte[], byte[]> exhausted =
        new MockProducer<>() {
          @Override
          public synchronized Future<RecordMetadata> send(
              ProducerRecord<byte[], byte[]> record, Callback callback) {
            throw new NoClassDefFoundError("lz4");
          }
        };
    KafkaSender sender = sender(new CurrentProducer(() -> exhausted));
    try {
      CompletableFuture<String> answer = sender.send(new Queue("q", false), message("x"), DEADLINE);

      assertThat(answer)
          .failsWithin(Duration.ZERO)
          .withThrowableOfType(ExecutionException.class)
          .withCauseInstanceOf(SendException.class);
      assertThat(sender.flush(Duration.ofMillis(1))).isTrue();
    } finally {
      sender.close(Duration.ZERO);
    }
  }

  @Test
  void aProducerThatIsDefunctIsClosedAndReplaced() {
    List<MockProducer<byte[], byte[]>> made = new ArrayList<>();
    KafkaSender sender =
        sender(
            new CurrentProducer(
                () -> {
                  made.add(
                      new MockProducer<>(
                          false, null, new ByteArraySerializer(), new ByteArraySerializer()));
                  return made.get(made.size() - 1);
                }));
    try {
      Queue channel = new Queue("q", false);
      CompletableFuture<String> first = sender.send(channel, message("1"), DEADLINE);
      made.get(0).errorNext(new OutOfOrderSequenceException("lost"));

      assertThat(first)
          .failsWithin(DEADLINE)
          .withThrowableOfType(ExecutionException.class)
          .havingCause()
          .isInstanceOfSatisfying(
              SendException.class, e -> assertThat(e.certainty()).isEqualTo(Certainty.UNKNOWN));
      assertThat(made).hasSize(2);
      assertThat(made.get(0).closed()).isTrue();
      CompletableFuture<String> second = sender.send(channel, message("2"), DEADLINE);
      made.get(1).completeNext();
      assertThat(second).succeedsWithin(DEADLINE);
    } finally {
      sender.close(Duration.ZERO);
    }
  }

  @Test
  void aProducerThatFailsAMessageForTheMessagesSakeIsKept() {
    MockProducer<byte[], byte[]> only =
        new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer());
    KafkaSender sender = sender(new CurrentProducer(() -> only));
    try {
      for (RuntimeException error :
          List.of(
              new TopicAuthorizationException("q"),
              new RecordTooLargeException("large"),
              new TimeoutException("late"))) {
        CompletableFuture<String> answer =
            sender.send(new Queue("q", false), message("1"), DEADLINE);
        only.errorNext(error);
        assertThat(answer).failsWithin(DEADLINE);
      }
      assertThat(only.closed()).isFalse();
    } finally {
      sender.close(Duration.ZERO);
    }
  }

  @Test
  void aProducerThatSomebodyElseHasClosedIsReplaced() {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    Producer<?, ?> before = connection.unwrap(Producer.class).orElseThrow();
    before.close();

    SendException problem = failure(connection, queue, message("1"), DEADLINE);

    assertThat(problem.certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(connection.sender().send(queue, message("2"), DEADLINE)).succeedsWithin(DEADLINE);
    assertThat(connection.unwrap(Producer.class).orElseThrow()).isNotSameAs(before);
    assertThat(kafka.read(queue.name(), 1)).hasSize(1);
  }

  @Test
  void flushWaitsForAllAnswers() {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    List<CompletableFuture<String>> answers = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      answers.add(connection.sender().send(queue, message("" + i), DEADLINE));
    }

    assertThat(connection.sender().flush(DEADLINE)).isTrue();

    assertThat(answers).allMatch(CompletableFuture::isDone);
  }

  @Test
  void afterCloseASendIsRejectedAndTheRestFails() {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);

    connection.close();
    connection.close();

    SendException problem = failure(connection, queue, message("late"), DEADLINE);
    assertThat(problem.certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(problem.code()).isEqualTo(ErrorCode.CLOSED);
    assertThatThrownBy(() -> connection.receive(queue, 1, new Inbox()))
        .isInstanceOfSatisfying(
            MessagingException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CLOSED));
  }

  @Test
  void closeFlushesWhatIsOnItsWay() {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    List<CompletableFuture<String>> answers = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      answers.add(connection.sender().send(queue, message("" + i), DEADLINE));
    }

    connection.close();

    assertThat(answers).allSatisfy(answer -> assertThat(answer).isCompleted());
  }

  static SendException failure(
      TransportConnection connection, Channel channel, WireMessage message, Duration deadline) {
    CompletableFuture<String> answer = connection.sender().send(channel, message, deadline);
    CompletionException failed = catchThrowableOfType(CompletionException.class, answer::join);
    assertThat(failed).isNotNull();
    return (SendException) failed.getCause();
  }

  private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
    return new String(record.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static KafkaSender sender(CurrentProducer producer) {
    return new KafkaSender(
        producer,
        new ReplyTopics(null),
        DelayLevels.SECONDS,
        (topic, deadline) -> CompletableFuture.completedFuture(null));
  }
}
