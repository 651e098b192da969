package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Connection;
import dev.waybill.error.SendException;
import dev.waybill.testkit.broker.TestBrokers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A queue that takes nothing, beside others that do, on one connection. */
class RefusalsTest {
  /** Long for an answer, however busy the machine; what is refused is soon refused for so long. */
  private static final Duration SILENCE = Duration.ofSeconds(5);

  private final RabbitThreads threads = new RabbitThreads();
  private final ExecutorService blocking = Executors.newCachedThreadPool();
  private final String full = Wires.name("full");
  private final String open = Wires.name("open");
  private final List<Runnable> others = new ArrayList<>();
  private Native raw;
  private RabbitLink link;
  private PublishLoop loop;

  @BeforeEach
  void connect() throws Exception {
    String uri = TestBrokers.rabbitmq().uri();
    raw = new Native(uri);
    raw.channel.queueDeclare(
        full,
        true,
        false,
        false,
        Map.of("x-queue-type", "quorum", "x-max-length", 1, "x-overflow", "reject-publish"));
    raw.channel.queueDeclare(open, true, false, false, Map.of("x-queue-type", "quorum"));
    link = new RabbitLink(RabbitUri.settings(uri), "publish", threads, blocking);
    link.open(Wires.DEADLINE);
    loop = new PublishLoop(link, threads, SILENCE);
    loop.start();
  }

  @AfterEach
  void closeAndLeaveNothing() throws Exception {
    loop.close();
    link.close();
    others.forEach(Runnable::run);
    blocking.shutdownNow();
    raw.close();
    await().atMost(Recording.LIMIT).untilAsserted(() -> assertThat(RabbitTest.threads()).isEmpty());
  }

  @Test
  void a_queue_that_stays_full_costs_no_connection_and_no_other_message() throws Exception {
    Connection before = link.connection();
    fill();
    List<CompletableFuture<String>> beside = new ArrayList<>();
    long end = System.nanoTime() + SILENCE.multipliedBy(2).toNanos();

    while (System.nanoTime() < end) {
      beside.add(send(open));
      assertThat(failure(send(full)).certainty()).isEqualTo(SendException.Certainty.UNKNOWN);
    }

    for (CompletableFuture<String> other : beside) {
      assertThat(other.get(Wires.DEADLINE.toSeconds(), TimeUnit.SECONDS)).isNotEmpty();
    }
    assertThat(link.connection()).isSameAs(before);
  }

  /** As after the loss of a leader, when a channel is not told that its queue has room again. */
  @Test
  void a_channel_that_goes_on_refusing_is_replaced_and_nothing_on_it_becomes_unknown()
      throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8")) {
      broker.refuseOnFirstChannel("stuck");
      RabbitLink scripted = scripted(broker);
      PublishLoop publishing = publishing(scripted, Duration.ofMillis(50));
      Connection before = scripted.connection();
      List<CompletableFuture<String>> beside = new ArrayList<>();

      await()
          .atMost(Wires.DEADLINE)
          .pollInterval(Duration.ofMillis(10))
          .until(
              () -> {
                beside.add(send(publishing, "fine"));
                return !isRefused(send(publishing, "stuck"));
              });

      for (CompletableFuture<String> other : beside) {
        assertThat(other.get(Wires.DEADLINE.toSeconds(), TimeUnit.SECONDS)).isNotEmpty();
      }
      assertThat(scripted.connection()).isSameAs(before);
    }
  }

  @Test
  void
      a_channel_that_can_not_be_replaced_because_another_queue_is_silent_holds_up_neither_topics_nor_queues_for_good()
          throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8")) {
      broker.refuseOnFirstChannel("stuck");
      broker.swallow("silent");
      RabbitLink scripted = scripted(broker);
      PublishLoop publishing = publishing(scripted, Duration.ofMillis(50));
      CompletableFuture<String> silent = send(publishing, "silent");

      await()
          .atMost(Wires.DEADLINE)
          .pollInterval(Duration.ofMillis(10))
          .until(() -> isHeldBack(send(publishing, "stuck")));

      assertThat(send(publishing, PendingSend.Target.exchange("topic")))
          .succeedsWithin(Wires.DEADLINE);
      assertThat(send(publishing, "fine")).succeedsWithin(Wires.DEADLINE);
      assertThat(silent).isNotDone();
    }
  }

  @Test
  void
      a_channel_with_a_queue_that_does_not_answer_is_replaced_and_costs_neither_the_connection_nor_others()
          throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8")) {
      broker.swallow("silent");
      RabbitLink scripted = scripted(broker);
      PublishLoop publishing = publishing(scripted, SILENCE);
      Connection before = scripted.connection();
      CompletableFuture<String> silent = send(publishing, "silent");
      List<CompletableFuture<String>> beside = new ArrayList<>();

      await()
          .atMost(Wires.DEADLINE)
          .pollInterval(Duration.ofMillis(10))
          .until(
              () -> {
                beside.add(send(publishing, "fine"));
                publishing.giveUpIfSilent();
                return silent.isDone();
              });

      SendException error = failure(silent);
      assertThat(error.certainty()).isEqualTo(SendException.Certainty.UNKNOWN);
      assertThat(error).hasMessageContaining("answered to nothing for amq.default/silent");
      for (CompletableFuture<String> other : beside) {
        assertThat(other.get(Wires.DEADLINE.toSeconds(), TimeUnit.SECONDS)).isNotEmpty();
      }
      broker.swallow("none");
      assertThat(send(publishing, "silent")).succeedsWithin(Wires.DEADLINE);
      assertThat(scripted.connection()).isSameAs(before);
    }
  }

  @Test
  void a_connection_that_answers_nothing_at_all_is_made_anew() throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8")) {
      RabbitLink scripted = scripted(broker);
      PublishLoop publishing = publishing(scripted, Duration.ofMillis(50));
      assertThat(send(publishing, "fine")).succeedsWithin(Wires.DEADLINE);
      broker.swallow(true);
      broker.holdOpens();
      CompletableFuture<String> lost = send(publishing, "fine");
      await()
          .atMost(Wires.DEADLINE)
          .until(
              () -> {
                publishing.giveUpIfSilent();
                return lost.isDone();
              });

      broker.swallow(false);
      broker.open();

      assertThat(send(publishing, "fine")).succeedsWithin(Wires.DEADLINE);
    }
  }

  @Test
  void an_exchange_that_no_channel_is_left_for_costs_its_own_messages_only() throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8")) {
      broker.allowChannels(2);
      RabbitLink scripted = scripted(broker);
      PublishLoop publishing = publishing(scripted, SILENCE);
      Connection before = scripted.connection();

      for (String topic : List.of("a", "b", "a", "b")) {
        assertThat(
                send(publishing, PendingSend.Target.exchange(topic))
                    .get(Wires.DEADLINE.toSeconds(), TimeUnit.SECONDS))
            .isNotEmpty();
      }
      SendException refused = failure(send(publishing, PendingSend.Target.exchange("c")));

      assertThat(refused.certainty()).isEqualTo(SendException.Certainty.REJECTED);
      assertThat(refused).hasMessageContaining("channel_max");
      assertThat(send(publishing, PendingSend.Target.exchange("a"))).succeedsWithin(Wires.DEADLINE);
      assertThat(scripted.connection()).isSameAs(before);
    }
  }

  private RabbitLink scripted(ScriptedBroker broker) {
    RabbitLink made =
        new RabbitLink(RabbitUri.settings(broker.uri()), "publish", threads, blocking);
    others.add(made::close);
    made.open(Wires.DEADLINE);
    return made;
  }

  private PublishLoop publishing(RabbitLink by, Duration silence) {
    PublishLoop made = new PublishLoop(by, threads, silence);
    others.add(made::close);
    made.start();
    return made;
  }

  private static boolean isHeldBack(CompletableFuture<String> answer) throws Exception {
    try {
      return !isRefused(answer, Duration.ofMillis(500));
    } catch (TimeoutException e) {
      return true;
    }
  }

  private void fill() throws Exception {
    boolean refused = false;
    while (!refused) {
      refused = isRefused(send(full));
    }
  }

  private static boolean isRefused(CompletableFuture<String> answer) throws Exception {
    return isRefused(answer, Wires.DEADLINE);
  }

  private static boolean isRefused(CompletableFuture<String> answer, Duration limit)
      throws Exception {
    return answer
        .handle((receipt, error) -> error != null)
        .get(limit.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static SendException failure(CompletableFuture<String> answer) throws Exception {
    return (SendException)
        answer.handle((receipt, error) -> error).get(Wires.DEADLINE.toSeconds(), TimeUnit.SECONDS);
  }

  private CompletableFuture<String> send(String queue) {
    return send(loop, queue);
  }

  private static CompletableFuture<String> send(PublishLoop by, String queue) {
    return send(by, PendingSend.Target.queue(queue));
  }

  private static CompletableFuture<String> send(PublishLoop by, PendingSend.Target target) {
    PendingSend send =
        new PendingSend(
            target,
            new BasicProperties.Builder().deliveryMode(2).build(),
            "x".getBytes(StandardCharsets.UTF_8),
            () -> {});
    assertThat(by.write(send)).isTrue();
    return send.answer();
  }
}
