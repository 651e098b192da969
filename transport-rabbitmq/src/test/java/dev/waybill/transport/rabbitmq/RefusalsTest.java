package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownSignalException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.testkit.broker.FaultProxy;
import dev.waybill.testkit.broker.TestBrokers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A queue that takes nothing, beside others that do, on one connection. */
class RefusalsTest {
  /** Long for an answer, however busy the machine; what is refused is soon refused for so long. */
  private static final Duration SILENCE = Duration.ofSeconds(5);

  /** So few that all queues share one to be published to. */
  private static final int FEW_CHANNELS = 12;

  /** Of every message. */
  private static final String ID = "m";

  private final RabbitThreads threads = new RabbitThreads();
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
    link = new RabbitLink(RabbitUri.settings(uri), "publish", threads);
    link.open(Wires.DEADLINE);
    loop = new PublishLoop(link, threads, SILENCE);
    loop.start();
  }

  @AfterEach
  void closeAndLeaveNothing() throws Exception {
    loop.close();
    link.close();
    others.forEach(Runnable::run);
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
      broker.allowChannels(FEW_CHANNELS);
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
      broker.allowChannels(FEW_CHANNELS);
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
      broker.allowChannels(FEW_CHANNELS);
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
      awaitEndOfSilence(publishing, send(publishing, "fine"));

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

  @Test
  void a_channel_that_answers_to_nothing_not_its_end_either_is_left_and_costs_no_connection()
      throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8")) {
      broker.standStillAt("silent");
      RabbitLink scripted = scripted(broker);
      PublishLoop publishing = publishing(scripted, Duration.ofSeconds(1));
      Connection before = scripted.connection();

      awaitEndOfSilence(publishing, send(publishing, "silent"));

      assertThat(send(publishing, "fine")).succeedsWithin(Wires.DEADLINE);
      await()
          .during(RabbitLink.RPC_LIMIT.plusSeconds(2))
          .atMost(Wires.DEADLINE)
          .until(() -> scripted.connection() == before);
    }
  }

  @Test
  void a_queue_that_does_not_answer_holds_up_no_other() throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8")) {
      broker.standStillAt("silent");
      PublishLoop publishing = publishing(scripted(broker), SILENCE);
      CompletableFuture<String> silent = send(publishing, "silent");

      assertThat(send(publishing, "fine")).succeedsWithin(Wires.DEADLINE);
      assertThat(send(publishing, "fine too")).succeedsWithin(Wires.DEADLINE);
      assertThat(silent).isNotDone();
    }
  }

  @Test
  void more_queues_than_there_are_channels_for_share_them() throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8")) {
      PublishLoop publishing = publishing(scripted(broker), SILENCE);

      for (int i = 0; i < 100; i++) {
        assertThat(send(publishing, "q" + i)).succeedsWithin(Wires.DEADLINE);
      }

      assertThat(broker.opened()).isLessThanOrEqualTo(16);
    }
  }

  /** Where there are so many queues that they share channels. */
  @Test
  void a_queue_that_has_held_up_others_holds_them_up_once_the_next_connections_included()
      throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8")) {
      broker.allowChannels(FEW_CHANNELS);
      broker.standStillAt("silent");
      RabbitLink scripted = scripted(broker);
      PublishLoop publishing = publishing(scripted, Duration.ofSeconds(1));
      awaitEndOfSilence(publishing, send(publishing, "silent"));
      CompletableFuture<String> again = send(publishing, "silent");
      assertThat(send(publishing, "fine")).succeedsWithin(Wires.DEADLINE);
      assertThat(again).isNotDone();
      Connection before = scripted.connection();

      broker.cutPublishers();

      await()
          .atMost(Wires.DEADLINE)
          .until(() -> scripted.connection() != null && scripted.connection() != before);
      assertThat(failure(again).certainty()).isEqualTo(SendException.Certainty.UNKNOWN);
      CompletableFuture<String> onNext = send(publishing, "silent");
      assertThat(send(publishing, "fine")).succeedsWithin(Wires.DEADLINE);
      assertThat(onNext).isNotDone();
    }
  }

  @Test
  void no_more_than_a_few_silent_channels_are_left() throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8")) {
      broker.standStillAt("silent");
      RabbitLink scripted = scripted(broker);
      PublishLoop publishing = publishing(scripted, Duration.ofMillis(500));
      for (int i = 0; i < PublishLanes.MOST_LEFT; i++) {
        awaitEndOfSilence(publishing, send(publishing, "silent"));
      }

      CompletableFuture<String> last = send(publishing, "silent");

      await()
          .during(Duration.ofSeconds(1))
          .atMost(Wires.DEADLINE)
          .until(
              () -> {
                publishing.giveUpIfSilent();
                return !last.isDone() && broker.opened() == PublishLanes.MOST_LEFT + 1;
              });
    }
  }

  @Test
  void only_so_much_is_written_to_what_stands_still() throws Exception {
    Duration silence = Duration.ofSeconds(2);
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8")) {
      broker.standStillAt("silent");
      PublishLoop publishing = publishing(scripted(broker), silence);
      List<CompletableFuture<String>> sent = new ArrayList<>();
      for (int i = 0; i < PublishLane.MOST_BEHIND; i++) {
        sent.add(send(publishing, "silent"));
      }

      await()
          .atMost(Wires.DEADLINE)
          .until(
              () -> {
                sent.add(send(publishing, "silent"));
                return sent.stream().anyMatch(CompletableFuture::isDone);
              });

      SendException refused =
          failure(sent.stream().filter(CompletableFuture::isDone).findFirst().orElseThrow());
      assertThat(refused.certainty()).isEqualTo(SendException.Certainty.REJECTED);
      assertThat(refused.code()).isEqualTo(ErrorCode.THROTTLED);
      assertThat(sent.get(0)).isNotDone();
      assertThat(send(publishing, "fine")).succeedsWithin(Wires.DEADLINE);
    }
  }

  @Test
  void a_silent_channel_that_takes_the_last_place_is_replaced_and_nothing_is_refused_meanwhile()
      throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8")) {
      broker.allowChannels(1);
      broker.swallow("silent");
      RabbitLink scripted = scripted(broker);
      PublishLoop publishing = publishing(scripted, SILENCE);
      CompletableFuture<String> silent = send(publishing, "silent");
      List<CompletableFuture<String>> beside = new ArrayList<>();

      await()
          .atMost(Wires.DEADLINE)
          .pollInterval(Duration.ofMillis(10))
          .until(
              () -> {
                publishing.giveUpIfSilent();
                for (int i = 0; i < 100; i++) {
                  beside.add(send(publishing, "fine"));
                }
                return silent.isDone();
              });

      for (CompletableFuture<String> other : beside) {
        assertThat(other.get(Wires.DEADLINE.toSeconds(), TimeUnit.SECONDS)).isNotEmpty();
      }
    }
  }

  @Test
  void a_channel_that_can_not_be_replaced_for_what_is_refused_is_soon_replaced_for_its_silence()
      throws Exception {
    Duration silence = Duration.ofSeconds(6);
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8")) {
      broker.allowChannels(FEW_CHANNELS);
      broker.refuseOnFirstChannel("stuck");
      broker.swallow("silent");
      PublishLoop publishing = publishing(scripted(broker), silence);
      CompletableFuture<String> silent = send(publishing, "silent");
      await().atMost(Wires.DEADLINE).until(() -> broker.published() == 1);
      await()
          .atMost(Wires.DEADLINE)
          .pollInterval(Duration.ofMillis(10))
          .until(() -> isHeldBack(send(publishing, "stuck")));

      await()
          .atMost(silence)
          .until(
              () -> {
                publishing.giveUpIfSilent();
                return silent.isDone();
              });
    }
  }

  @Test
  void a_channel_that_takes_long_to_open_behind_a_message_is_no_write_that_is_stuck()
      throws Exception {
    Duration silence = Duration.ofMillis(200);
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8")) {
      RabbitLink scripted = scripted(broker);
      PublishLoop publishing = publishing(scripted, silence);
      Connection before = scripted.connection();
      assertThat(send(publishing, "fine")).succeedsWithin(Wires.DEADLINE);
      broker.blockPublishers();
      await().atMost(Wires.DEADLINE).until(() -> publishing.reasonToWait() == ErrorCode.THROTTLED);
      CompletableFuture<String> fine = send(publishing, "fine");
      CompletableFuture<String> late = send(publishing, PendingSend.Target.exchange("topic"));
      broker.holdOpens();
      broker.unblockPublishers();
      broker.awaitHeldOpen();
      assertThat(fine).succeedsWithin(Wires.DEADLINE);

      await()
          .during(silence.multipliedBy(4))
          .atMost(Wires.DEADLINE)
          .until(
              () -> {
                publishing.giveUpIfSilent();
                return scripted.connection() == before;
              });

      broker.open();
      assertThat(late).succeedsWithin(Wires.DEADLINE);
      assertThat(scripted.connection()).isSameAs(before);
    }
  }

  @Test
  void a_channel_that_can_not_even_be_asked_for_costs_the_connection() throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8");
        FaultProxy proxy = FaultProxy.open().forwardTo(broker.port())) {
      RabbitLink scripted = scripted("amqp://127.0.0.1:" + proxy.port());
      PublishLoop publishing =
          new PublishLoop(scripted, threads, Duration.ofSeconds(1), Duration.ofSeconds(2));
      others.add(publishing::close);
      publishing.start();
      assertThat(send(publishing, "fine")).succeedsWithin(Wires.DEADLINE);
      Connection before = scripted.connection();
      Channel beside = before.createChannel();
      proxy.hold(FaultProxy.Direction.TO_BROKER);
      Thread writing = new Thread(() -> writeMuch(beside));
      writing.start();
      await().during(Duration.ofMillis(500)).atMost(Wires.DEADLINE).until(writing::isAlive);
      CompletableFuture<String> late = send(publishing, PendingSend.Target.exchange("topic"));

      await()
          .atMost(Duration.ofSeconds(15)) // the heartbeat would notice it after 20
          .until(
              () -> {
                publishing.giveUpIfSilent();
                return !before.isOpen();
              });
      proxy.heal();

      assertThat(late).succeedsWithin(Wires.DEADLINE);
      writing.join();
    }
  }

  /** More than the buffers on the way take. */
  private static void writeMuch(Channel by) {
    try {
      by.basicPublish("", "q", null, new byte[32_000_000]);
    } catch (IOException | ShutdownSignalException e) {
      // the connection is given up
    }
  }

  @Test
  void a_refusal_after_a_message_was_forgotten_may_be_of_that_one() throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8")) {
      broker.swallow(true);
      PublishLoop publishing = publishing(scripted(broker), SILENCE);
      PendingSend expired = message(PendingSend.Target.queue("q"));
      assertThat(publishing.write(expired)).isTrue();
      await().atMost(Wires.DEADLINE).until(() -> broker.published() == 1);
      expired.forget();
      CompletableFuture<String> next = send(publishing, "q");
      await().atMost(Wires.DEADLINE).until(() -> broker.published() == 2);

      broker.closeChannelOf("q", AMQP.PRECONDITION_FAILED, "PRECONDITION_FAILED - no reason");

      assertThat(failure(next).certainty()).isEqualTo(SendException.Certainty.UNKNOWN);
    }
  }

  @Test
  void a_message_that_comes_back_late_is_not_taken_for_the_next_with_its_id() throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8")) {
      broker.swallow(true);
      PublishLoop publishing = publishing(scripted(broker), SILENCE);
      PendingSend expired = message(PendingSend.Target.queue("q"));
      PendingSend again = message(PendingSend.Target.queue("q"));
      assertThat(publishing.write(expired)).isTrue();
      await().atMost(Wires.DEADLINE).until(() -> broker.published() == 1);
      expired.forget();
      assertThat(publishing.write(again)).isTrue();
      await().atMost(Wires.DEADLINE).until(() -> broker.published() == 2);

      broker.giveBack("q", ID);
      broker.confirmSwallowed();

      assertThat(again.answer()).succeedsWithin(Wires.DEADLINE);
    }
  }

  private static void awaitEndOfSilence(PublishLoop publishing, CompletableFuture<String> silent) {
    await()
        .atMost(Wires.DEADLINE)
        .until(
            () -> {
              publishing.giveUpIfSilent();
              return silent.isDone();
            });
  }

  private RabbitLink scripted(ScriptedBroker broker) {
    return scripted(broker.uri());
  }

  private RabbitLink scripted(String uri) {
    RabbitLink made = new RabbitLink(RabbitUri.settings(uri), "publish", threads);
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

  /** What is held back is so for two seconds, unless that ends well before. */
  private static boolean isHeldBack(CompletableFuture<String> answer) throws Exception {
    try {
      return !isRefused(answer, Duration.ofSeconds(1));
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
    PendingSend send = message(target);
    assertThat(by.write(send)).isTrue();
    return send.answer();
  }

  private static PendingSend message(PendingSend.Target target) {
    return new PendingSend(
        target,
        new BasicProperties.Builder().deliveryMode(2).messageId(ID).build(),
        "x".getBytes(StandardCharsets.UTF_8),
        () -> {},
        (send, error) -> {});
  }
}
