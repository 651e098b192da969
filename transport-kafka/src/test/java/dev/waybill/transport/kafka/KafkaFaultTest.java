package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.Inbox.accept;
import static dev.waybill.transport.kafka.Inbox.text;
import static dev.waybill.transport.kafka.KafkaFixture.DEADLINE;
import static dev.waybill.transport.kafka.KafkaFixture.message;
import static dev.waybill.transport.kafka.KafkaFixture.queue;
import static dev.waybill.transport.kafka.KafkaFixture.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Queue;
import dev.waybill.testkit.broker.KafkaTestBroker;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** On a broker of its own, which is killed and frozen. */
class KafkaFaultTest {
  private static KafkaTestBroker broker;

  private final KafkaFixture kafka = new KafkaFixture(broker);
  private final Inbox inbox = new Inbox();
  private final Queue queue = queue();

  @BeforeAll
  static void start() {
    broker = KafkaTestBroker.start();
  }

  @AfterAll
  static void end() {
    broker.close();
  }

  @AfterEach
  void close() {
    kafka.close();
  }

  @Test
  void aReceiverReportsALostBrokerAndGoesOnWhenItIsBack() throws Exception {
    TransportConnection connection = kafka.prepared(queue);
    connection.receive(queue, 10, inbox);
    send(connection, queue, message("before"));
    accept(inbox.next());

    broker.kill();
    await().atMost(Duration.ofSeconds(20)).until(() -> inbox.events.contains("failed"));
    broker.restart();

    await().atMost(Duration.ofSeconds(60)).until(() -> inbox.events.contains("recovered"));
    assertThat(inbox.events).containsExactly("failed", "recovered");
    assertThat(inbox.failures.get(0).code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    send(connection, queue, message("after"));
    assertThat(text(inbox.next())).isEqualTo("after");
  }

  @Test
  void the_backlog_of_a_broker_that_does_not_answer_has_the_time_when_it_was_known()
      throws Exception {
    TransportConnection connection = kafka.prepared(queue);
    Receiver receiver = connection.receive(queue, 10, inbox);
    send(connection, queue, message("before"));
    Delivery before = inbox.next();
    await()
        .atMost(Inbox.LONG_ENOUGH)
        .until(() -> Long.valueOf(1).equals(receiver.status().backlog()));

    broker.pause();
    try {
      Instant frozen = Instant.now();
      // what it knows by itself goes on
      assertThat(Inbox.settle(before, new Settlement.Release(Duration.ZERO, 0)))
          .isEqualTo(Settlement.Result.SETTLED);
      inbox.next();
      await()
          .during(Duration.ofSeconds(3))
          .atMost(Inbox.LONG_ENOUGH)
          .until(() -> receiver.status().asOf().isBefore(frozen));
      assertThat(receiver.status().backlog()).isEqualTo(1);
    } finally {
      broker.resume();
    }
  }

  @Test
  void aSendThatIsNotConfirmedInTimeIsUnknown() throws Exception {
    TransportConnection connection = kafka.prepared(queue);
    send(connection, queue, message("before"));
    broker.pause();
    SendException problem;
    long start = System.nanoTime();
    try {
      problem = KafkaSendTest.failure(connection, queue, message("lost?"), Duration.ofSeconds(3));
    } finally {
      broker.resume();
    }

    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .as("the producer itself tries for 30 s")
        .isLessThan(Duration.ofSeconds(20));
    assertThat(problem.certainty()).isEqualTo(Certainty.UNKNOWN);
    assertThat(problem.code()).isEqualTo(ErrorCode.TIMEOUT);
    assertThat(kafka.read(queue.name(), 2)).hasSize(2);
  }

  @Test
  void a_send_whose_deadline_outlasts_the_producers_is_unknown_when_the_producer_gives_up()
      throws Exception {
    TransportConnection connection =
        kafka.prepared(kafka.builder().deliveryTimeout(Duration.ofSeconds(1)), queue);
    send(connection, queue, message("before"));
    broker.pause();
    SendException problem;
    long start = System.nanoTime();
    try {
      problem = KafkaSendTest.failure(connection, queue, message("lost?"), Duration.ofMinutes(5));
    } finally {
      broker.resume();
    }

    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofMinutes(1));
    assertThat(problem.certainty()).isEqualTo(Certainty.UNKNOWN);
    assertThat(problem.code()).isEqualTo(ErrorCode.TIMEOUT);
  }

  @Test
  void a_full_buffer_holds_up_no_caller_beyond_the_deadline_of_its_send() {
    TransportConnection connection =
        kafka.prepared(kafka.builder().property("buffer.memory", "100000"), queue);
    send(connection, queue, message("before"));
    String large = "x".repeat(30_000);
    Duration deadline = Duration.ofSeconds(1);
    Duration inTime = Duration.ofSeconds(10); // the producer itself tries for 30 s
    List<CompletableFuture<String>> answers = new ArrayList<>();
    broker.pause();
    try {
      for (int i = 0; i < 6; i++) { // three of which find room
        long called = System.nanoTime();
        CompletableFuture<String> answer =
            connection.sender().send(queue, message(large), deadline);
        assertThat(Duration.ofNanos(System.nanoTime() - called)).isLessThan(inTime);
        answers.add(answer);
      }
      await().atMost(inTime).until(() -> answers.stream().allMatch(each -> each.isDone()));
    } finally {
      broker.resume();
    }

    assertThat(answers)
        .extracting(answer -> problem(answer).certainty())
        .contains(Certainty.UNKNOWN, Certainty.REJECTED);
    send(connection, queue, message("after"));
  }

  private static SendException problem(CompletableFuture<String> failed) {
    return (SendException) failed.handle((id, error) -> error).join();
  }

  @Test
  void aSendThatFindsNoBrokerForATopicItDoesNotKnowIsRejected() {
    TransportConnection connection = kafka.connect();
    broker.kill();
    SendException problem;
    try {
      problem = KafkaSendTest.failure(connection, queue, message("x"), Duration.ofSeconds(1));
    } finally {
      broker.restart();
    }

    assertThat(problem.certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(problem.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
  }

  @Test
  void closeWithoutABrokerLeavesSendsUnknownAndNoThread() {
    TransportConnection connection = kafka.prepared(queue);
    connection.receive(queue, 10, inbox);
    send(connection, queue, message("before"));
    broker.kill();
    try {
      CompletableFuture<String> answer = connection.sender().send(queue, message("x"), DEADLINE);
      long start = System.nanoTime();

      connection.close();

      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
      assertThat(answer)
          .failsWithin(Duration.ZERO)
          .withThrowableOfType(java.util.concurrent.ExecutionException.class)
          .satisfies(
              e -> {
                SendException problem = (SendException) e.getCause();
                assertThat(problem.certainty()).isEqualTo(Certainty.UNKNOWN);
                assertThat(problem.code()).isEqualTo(ErrorCode.CLOSED);
              });
    } finally {
      broker.restart();
    }
  }

  @Test
  void aDelayedMessageOutlivesItsBrokerAndItsMovers() throws Exception {
    TransportConnection sender = kafka.prepared(queue);
    TransportConnection connection = kafka.prepared(queue);
    connection.receive(queue, 10, inbox);
    send(sender, queue, KafkaDelayTest.delayed("mover is there", Duration.ofMillis(1)));
    accept(inbox.next());
    Instant due = Instant.now().plusSeconds(3);
    send(sender, queue, KafkaDelayTest.delayed("late", Duration.ofSeconds(3)));
    connection.close();

    broker.kill();
    broker.restart();
    kafka.prepared(queue).receive(queue, 10, inbox);

    assertThat(text(inbox.next())).isEqualTo("late");
    assertThat(Instant.now()).isAfterOrEqualTo(due);
  }

  @Test
  void aMoverGoesOnWhenItsBrokerIsBack() throws Exception {
    TransportConnection connection = kafka.prepared(queue);
    connection.receive(queue, 10, inbox);
    send(connection, queue, KafkaDelayTest.delayed("mover is there", Duration.ofMillis(1)));
    accept(inbox.next());
    send(connection, queue, KafkaDelayTest.delayed("late", Duration.ofSeconds(2)));
    Instant due = Instant.now().plusSeconds(2).minusMillis(1);

    broker.kill();
    broker.restart();

    assertThat(text(inbox.next())).isEqualTo("late");
    assertThat(Instant.now()).isAfterOrEqualTo(due);
  }
}
