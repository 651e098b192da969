package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Topology;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SendingTest extends RabbitTest {
  @Test
  void aConfirmedMessageIsInTheQueue() throws Exception {
    Queue queue = Wires.queue();
    create(queue);

    String receipt = Wires.send(connection.sender(), queue, Wires.message("a"));

    assertThat(receipt).isEqualTo("amq.default/" + queue.name());
    try (Native raw = new Native(uri())) {
      assertThat(raw.takeNow(queue.name())).isNotNull();
    }
  }

  @Test
  void aMessageToAMissingQueueIsRejectedAsUnroutable() throws Exception {
    assertRejected(failure(Wires.queue(), Wires.message("a")), ErrorCode.UNROUTABLE);
  }

  @Test
  void aReturnIsTakenForItsOwnMessageOnly() throws Exception {
    Queue there = Wires.queue();
    Queue missing = Wires.queue();
    create(there);
    List<CompletableFuture<String>> answers = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      Channel to = i % 2 == 0 ? there : missing;
      answers.add(connection.sender().send(to, Wires.message("m" + i), Wires.DEADLINE));
    }

    assertThat(connection.sender().flush(Wires.DEADLINE)).isTrue();

    for (int i = 0; i < 100; i++) {
      assertThat(answers.get(i).isCompletedExceptionally()).isEqualTo(i % 2 == 1);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aReturnIsTakenForItsOwnMessageAmongTwins(boolean withId) throws Exception {
    Queue queue = Wires.queue();
    WireMessage message = Wires.message("twin");
    WireMessage twin =
        withId ? message : new WireMessage(message.body(), null, Map.of(), Map.of(), null, null);
    List<CompletableFuture<String>> answers = new ArrayList<>();
    try (Native raw = new Native(uri())) {
      // a classic one: what comes to a quorum queue while it is deleted may get no answer at all
      raw.channel.queueDeclare(queue.name(), true, false, false, Map.of());
      for (int i = 0; i < 400; i++) {
        answers.add(connection.sender().send(queue, twin, Wires.DEADLINE));
      }
      answers.get(20).join();
      raw.channel.queueDelete(queue.name());
    }
    for (int i = 0; i < 10; i++) {
      answers.add(connection.sender().send(queue, twin, Wires.DEADLINE));
    }

    assertThat(connection.sender().flush(Wires.DEADLINE)).isTrue();

    List<ErrorCode> codes = answers.stream().map(SendingTest::code).toList();
    int gone = codes.indexOf(ErrorCode.UNROUTABLE);
    assertThat(gone).isPositive();
    assertThat(codes.subList(gone, codes.size())).doesNotContainNull();
  }

  /** On a busy broker this leaves a connection that is not read any more, see PublishLoop. */
  @Test
  void whatIsSentWhileAQueueIsDeletedDoesNotStopWhatIsSentToAnother() throws Exception {
    Queue queue = Wires.queue();
    Queue other = Wires.queue();
    create(queue);
    create(other);
    Duration deadline = Duration.ofSeconds(11);
    List<CompletableFuture<String>> answers = new ArrayList<>();
    for (int i = 0; i < 900; i++) {
      answers.add(connection.sender().send(queue, Wires.message("m"), deadline));
    }
    answers.get(20).join();
    try (Native raw = new Native(uri())) {
      raw.channel.queueDelete(queue.name());
    }

    await()
        .atMost(Duration.ofMinutes(1))
        .until(() -> code(connection.sender().send(other, Wires.message("m"), deadline)) == null);
  }

  @Test
  void twinsArriveAsTheyWereSent() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    WireMessage message = Wires.message("twin");
    Recording recording = receive(queue, 20);
    for (int i = 0; i < 10; i++) {
      CompletableFuture<String> unused = connection.sender().send(queue, message, Wires.DEADLINE);
    }

    recording.delivery(9);

    assertThat(recording.deliveries)
        .allSatisfy(
            delivery -> assertThat(delivery.message().headers()).isEqualTo(message.headers()));
  }

  @Test
  void aMessageToAMissingTopicIsRejectedAsNotFoundAndDoesNotDisturbOthers() throws Exception {
    Queue queue = Wires.queue();
    create(queue);

    SendException error = failure(new Topic(Wires.name("topic"), false), Wires.message("a"));

    assertRejected(error, ErrorCode.NOT_FOUND);
    assertThat(Wires.send(connection.sender(), queue, Wires.message("b"))).isNotEmpty();
  }

  @Test
  void aTopicThatAppearsIsSentToWithoutANewConnection() throws Exception {
    Topic topic = new Topic(Wires.name("topic"), false);
    assertRejected(failure(topic, Wires.message("a")), ErrorCode.NOT_FOUND);

    connection.prepare(Wires.sendingTo(topic), Topology.Mode.CREATE);

    assertThat(Wires.send(connection.sender(), topic, Wires.message("b")))
        .isEqualTo(topic.name() + "/");
  }

  @Test
  void publishingToATopicWithoutSubscribersSucceeds() throws Exception {
    Topic topic = new Topic(Wires.name("topic"), false);
    connection.prepare(Wires.sendingTo(topic), Topology.Mode.CREATE);

    assertThat(Wires.send(connection.sender(), topic, Wires.message("a"))).isNotEmpty();
  }

  @Test
  void aBodyOverTheLimitIsRejectedAndNothingIsSent() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    byte[] body = new byte[RabbitCapabilities.MAX_BODY_BYTES + 1];

    SendException error =
        failure(queue, new WireMessage(body, null, Map.of("id", "1"), Map.of(), null, null));

    assertRejected(error, ErrorCode.TOO_LARGE);
    assertThat(Wires.send(connection.sender(), queue, Wires.message("b"))).isNotEmpty();
  }

  @Test
  void headersOverAFrameAreRejectedAndLaterConfirmsStillFit() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    WireMessage message = Wires.message("a").withHeaders(Map.of("wb-big", "x".repeat(140_000)));

    assertRejected(failure(queue, message), ErrorCode.TOO_LARGE);

    for (int i = 0; i < 3; i++) {
      assertThat(Wires.send(connection.sender(), queue, Wires.message("b"))).isNotEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"CC", "BCC", "cc", "x-death", "X-Delay"})
  void headersThatTheBrokerActsOnAreRefused(String name) throws Exception {
    Queue queue = Wires.queue();
    create(queue);

    SendException error = failure(queue, Wires.message("a").withHeaders(Map.of(name, "q")));

    assertRejected(error, ErrorCode.INVALID_MESSAGE);
    assertThat(error).hasMessageContaining(name);
  }

  @Test
  void aHeaderNameOverAmqpsLimitIsRefused() throws Exception {
    String name = "wb-" + "n".repeat(253);

    SendException error = failure(Wires.queue(), Wires.message("a").withHeaders(Map.of(name, "")));

    assertRejected(error, ErrorCode.INVALID_MESSAGE);
  }

  @Test
  void sendingAfterCloseIsRejected() throws Exception {
    connection.close();

    assertRejected(failure(Wires.queue(), Wires.message("a")), ErrorCode.CLOSED);
  }

  @Test
  void manyThreadsSendWithoutLossOrDoubling() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    Recording recording = receive(queue, 2_000);
    List<Thread> threads = new ArrayList<>();
    List<CompletableFuture<String>> answers =
        java.util.Collections.synchronizedList(new ArrayList<>());
    for (int t = 0; t < 4; t++) {
      int sender = t;
      Thread thread =
          new Thread(
              () ->
                  IntStream.range(0, 400)
                      .forEach(
                          i ->
                              answers.add(
                                  connection
                                      .sender()
                                      .send(
                                          queue,
                                          Wires.message(sender + ":" + i),
                                          Wires.DEADLINE))));
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }

    assertThat(connection.sender().flush(Wires.DEADLINE)).isTrue();

    assertThat(answers).hasSize(1_600).noneMatch(CompletableFuture::isCompletedExceptionally);
    recording.delivery(1_599);
    assertThat(recording.bodies()).doesNotHaveDuplicates().hasSize(1_600);
    for (int t = 0; t < 4; t++) {
      String prefix = t + ":";
      List<String> own = recording.bodies().stream().filter(b -> b.startsWith(prefix)).toList();
      assertThat(own)
          .containsExactlyElementsOf(IntStream.range(0, 400).mapToObj(i -> prefix + i).toList());
    }
  }

  @Test
  void closingEndsEverySend() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    List<CompletableFuture<String>> answers = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      answers.add(connection.sender().send(queue, Wires.message("m"), Wires.DEADLINE));
    }

    connection.close();

    for (CompletableFuture<String> answer : answers) {
      Throwable error =
          answer
              .handle((receipt, problem) -> problem)
              .get(Wires.DEADLINE.toSeconds(), TimeUnit.SECONDS);
      if (error != null) {
        assertThat(((SendException) error).code()).isEqualTo(ErrorCode.CLOSED);
      }
    }
  }

  /** The code of a send's failure; null if it is confirmed. */
  private static ErrorCode code(CompletableFuture<String> answer) {
    Throwable error = answer.handle((receipt, problem) -> problem).join();
    return error == null ? null : ((SendException) error).code();
  }

  private SendException failure(Channel channel, WireMessage message) throws Exception {
    return (SendException) Wires.failure(connection.sender(), channel, message, Wires.DEADLINE);
  }

  private static void assertRejected(SendException error, ErrorCode code) {
    assertThat(error.certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(error.code()).isEqualTo(code);
  }
}
