package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Topic;
import dev.waybill.transport.TransportConnection;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SendingTest {
  private final Scene scene = new Scene(Scene.QUEUE, Scene.BILLING);

  @AfterEach
  void close() {
    scene.close();
  }

  @Test
  void aConfirmedMessageIsStored() {
    assertThat(scene.trySend(Scene.QUEUE, "m")).isCompleted();
    assertThat(scene.broker.size("payments")).isEqualTo(1);
    assertThat(scene.connection.sender().flush(Scene.DEADLINE)).isTrue();
  }

  @Test
  void aQueueThatDoesNotExistRejects() {
    SendException problem = rejectedBy(new Queue("nowhere", false), "m");

    assertThat(problem.code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(problem)
        .hasMessage("The in-memory broker has no queue nowhere: prepare it with topology CREATE.");
  }

  @Test
  void aTopicThatDoesNotExistRejects() {
    assertThat(rejectedBy(new Topic("nowhere", false), "m").code()).isEqualTo(ErrorCode.NOT_FOUND);
  }

  @Test
  void aQueueIsNoTopicOfItsName() {
    assertThat(rejectedBy(new Topic("payments", false), "m").code()).isEqualTo(ErrorCode.NOT_FOUND);
  }

  @Test
  void aTopicWithoutSubscriptionsConfirms() {
    Topic topic = new Topic("unheard", false);
    scene.broker.makeTopic(topic);

    assertThat(scene.trySend(topic, "m")).isCompletedWithValue("unheard@1");
  }

  @Test
  void aBodyOverTheLimitIsRejectedAndNotStored() {
    InMemoryTransport narrow =
        InMemoryTransport.builder().broker(scene.broker).maxBodyBytes(3).build();
    try (TransportConnection connection = narrow.connect(Scene.DEADLINE)) {
      CompletableFuture<String> fits =
          connection.sender().send(Scene.QUEUE, Scene.message("123", null, null), Scene.DEADLINE);
      CompletableFuture<String> over =
          connection.sender().send(Scene.QUEUE, Scene.message("1234", null, null), Scene.DEADLINE);

      assertThat(fits).isCompleted();
      assertThat(rejection(over).code()).isEqualTo(ErrorCode.TOO_LARGE);
      assertThat(rejection(over))
          .hasMessage(
              "The body has 4 bytes, queue payments takes 3 at most: send less, or raise the transport's maxBodyBytes.");
      assertThat(scene.broker.size("payments")).isEqualTo(1);
    }
  }

  @Test
  void aClosedConnectionRejects() {
    scene.close();

    assertThat(rejectedBy(Scene.QUEUE, "m").code()).isEqualTo(ErrorCode.CLOSED);
  }

  @Test
  void manyThreadsLoseAndDoubleNothing() {
    Listening listening = scene.listen(Scene.QUEUE, 10_000);

    IntStream.range(0, 4_000).parallel().forEach(i -> scene.send(Scene.QUEUE, "m" + i));

    Set<String> received = new HashSet<>(Listening.texts(listening.next(4_000)));
    assertThat(received).hasSize(4_000);
    assertThat(listening.arrived).isEmpty();
  }

  private SendException rejectedBy(Channel channel, String text) {
    return rejection(scene.trySend(channel, text));
  }

  private static SendException rejection(CompletableFuture<String> sent) {
    ExecutionException failure = catchThrowableOfType(ExecutionException.class, sent::get);
    SendException problem = (SendException) failure.getCause();
    assertThat(problem.certainty()).isEqualTo(SendException.Certainty.REJECTED);
    return problem;
  }
}
