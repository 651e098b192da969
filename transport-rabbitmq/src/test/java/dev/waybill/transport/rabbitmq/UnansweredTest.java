package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.FaultProxy;
import dev.waybill.testkit.broker.FaultProxy.Direction;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Messages that a broker does not answer to, and those beside them. */
class UnansweredTest {
  /** As many as may go to one queue at once. */
  private static final int ROOM = 1_000;

  private static final Duration SHORT = Duration.ofSeconds(1);

  /** Five seconds and what the end of threads takes, on a busy machine. */
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(12);

  /** Enough to be written, on a busy machine. */
  private static final Duration WRITTEN = Duration.ofSeconds(5);

  private static final Duration LONG = Wires.DEADLINE.multipliedBy(4);

  private final Queue silent = new Queue("silent", false);
  private final Queue well = new Queue("well", false);
  private ScriptedBroker broker;
  private TransportConnection connection;

  @BeforeEach
  void connect() throws Exception {
    broker = new ScriptedBroker("3.10.8");
    connection = broker.transport().connect(Wires.DEADLINE);
  }

  @AfterEach
  void closeAndLeaveNothing() throws Exception {
    connection.close();
    broker.close();
    await().atMost(Recording.LIMIT).untilAsserted(() -> assertThat(RabbitTest.threads()).isEmpty());
  }

  @Test
  void no_more_messages_await_an_answer_than_there_is_room_for() {
    broker.swallow("silent");
    for (int i = 0; i < ROOM; i++) {
      assertThat(send(silent, LONG)).isNotDone();
    }

    SendException refused = failure(send(silent, SHORT));

    assertThat(refused.certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(refused.code()).isEqualTo(ErrorCode.THROTTLED);
    await().atMost(Wires.DEADLINE).until(() -> broker.published() == ROOM);
  }

  @Test
  void a_queue_that_does_not_answer_leaves_room_for_the_others() {
    broker.swallow("silent");
    for (int i = 0; i < ROOM; i++) {
      assertThat(send(silent, LONG)).isNotDone();
    }

    assertThat(send(well, Wires.DEADLINE)).succeedsWithin(Wires.DEADLINE);
  }

  @Test
  void a_message_without_an_answer_takes_up_no_room_for_good_while_later_ones_are_answered()
      throws Exception {
    assertThat(send(well, Wires.DEADLINE)).succeedsWithin(Wires.DEADLINE); // opens the channel
    broker.swallow(true);
    for (int i = 0; i < ROOM - 1; i++) {
      assertThat(send(well, WRITTEN)).isNotNull();
    }
    await().atMost(Wires.DEADLINE).until(() -> broker.published() == ROOM);
    broker.swallow(false);
    long end =
        System.nanoTime() + PublishLoop.SILENCE.plus(WRITTEN).plus(SHORT.multipliedBy(2)).toNanos();
    await()
        .pollInterval(Duration.ofMillis(200))
        .atMost(Wires.DEADLINE)
        .until(
            () -> {
              assertThat(send(well, Wires.DEADLINE)).succeedsWithin(Wires.DEADLINE);
              return System.nanoTime() - end > 0;
            });

    broker.swallow(true);
    CompletableFuture<String> one = send(well, WRITTEN);
    CompletableFuture<String> another = send(well, WRITTEN);

    assertThat(List.of(failure(one), failure(another)))
        .extracting(SendException::certainty)
        .containsOnly(Certainty.UNKNOWN);
  }

  @Test
  void who_waits_for_room_is_told_of_a_close_at_once() {
    broker.swallow("silent");
    for (int i = 0; i < ROOM; i++) {
      assertThat(send(silent, LONG)).isNotDone();
    }
    CompletableFuture<SendException> told = new CompletableFuture<>();
    Thread waiting = new Thread(() -> told.complete(failure(send(silent, LONG))));
    waiting.start();
    await().atMost(Wires.DEADLINE).until(() -> waiting.getState() == Thread.State.TIMED_WAITING);

    connection.close();

    assertThat(told)
        .succeedsWithin(Wires.DEADLINE)
        .satisfies(
            error -> {
              assertThat(error.certainty()).isEqualTo(Certainty.REJECTED);
              assertThat(error.code()).isEqualTo(ErrorCode.CLOSED);
            });
  }

  @Test
  void what_expires_behind_a_write_that_is_stuck_is_not_kept() throws Exception {
    try (FaultProxy proxy = FaultProxy.open().forwardTo(broker.port());
        TransportConnection stuck = through(proxy)) {
      Wires.send(stuck.sender(), well, Wires.message("opens the channel"));
      proxy.hold(Direction.TO_BROKER);
      sendMuch(stuck);

      WeakReference<String> kept = expired(stuck);

      await()
          .atMost(Wires.DEADLINE)
          .until(
              () -> {
                System.gc();
                return kept.refersTo(null);
              });
    }
  }

  @Test
  void a_close_takes_no_longer_than_is_promised_whatever_stands_still() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    try (FaultProxy proxy = FaultProxy.open().forwardTo(broker.port())) {
      TransportConnection stuck = through(proxy);
      Recording recording =
          new Recording() {
            @Override
            public void delivered(Delivery delivery) {
              super.delivered(delivery);
              if (deliveries.size() > 1) {
                standStill(over);
              }
            }
          };
      Receiver unused = stuck.receive(well, 10, recording);
      Wires.send(stuck.sender(), well, Wires.message("opens the channel"));
      broker.swallow(true);
      broker.consumerOf("well").deliver(1, false, Map.of(), "settled, without an answer");
      var unusedToo = recording.delivery(0).settle(new Settlement.Reject("no", Map.of()));
      await().atMost(Wires.DEADLINE).until(() -> broker.published() == 2);
      broker.consumerOf("well").deliver(2, false, Map.of(), "handed over, for ever");
      assertThat(recording.delivery(1)).isNotNull();
      proxy.hold();
      sendMuch(stuck);
      long begin = System.nanoTime();

      stuck.close();

      assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(CLOSE_LIMIT);
    } finally {
      over.countDown();
    }
  }

  /** A header of a message that was rejected at its deadline. */
  private WeakReference<String> expired(TransportConnection by) throws Exception {
    String header = new String("blue".toCharArray());
    WireMessage message = Wires.message("a").withHeaders(Map.of("wb-tenant", header));
    SendException error = (SendException) Wires.failure(by.sender(), well, message, SHORT);
    assertThat(error.certainty()).isEqualTo(Certainty.REJECTED);
    return new WeakReference<>(header);
  }

  @Test
  void the_end_of_a_channel_makes_its_own_messages_unknown_and_no_others() {
    broker.swallow(true);
    List<CompletableFuture<String>> own = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      own.add(send(silent, LONG));
    }
    CompletableFuture<String> other = send(new Topic("topic", false), LONG);
    await().atMost(Wires.DEADLINE).until(() -> broker.published() == 4);

    broker.closeChannelOf("silent", AMQP.PRECONDITION_FAILED, "PRECONDITION_FAILED - no reason");

    for (CompletableFuture<String> each : own) {
      SendException error = failure(each);
      assertThat(error.certainty()).isEqualTo(Certainty.UNKNOWN);
    }
    assertThat(other).isNotDone();
    broker.confirmSwallowed();
    assertThat(other).succeedsWithin(Wires.DEADLINE);
  }

  private static TransportConnection through(FaultProxy proxy) {
    return RabbitTransport.builder()
        .address("127.0.0.1", proxy.port())
        .heartbeat(Duration.ofHours(1))
        .build()
        .connect(Wires.DEADLINE);
  }

  /** More than the buffers on the way take. */
  private void sendMuch(TransportConnection by) {
    WireMessage big = new WireMessage(new byte[8_000_000], null, Map.of(), Map.of(), null, null);
    for (int i = 0; i < 4; i++) {
      var unused = by.sender().send(well, big, LONG);
    }
  }

  private static void standStill(CountDownLatch until) {
    boolean over = false;
    while (!over) {
      try {
        until.await();
        over = true;
      } catch (InterruptedException e) {
        over = false; // a listener that does not care
      }
    }
  }

  private CompletableFuture<String> send(Channel channel, Duration deadline) {
    return connection.sender().send(channel, Wires.message("a"), deadline);
  }

  private static SendException failure(CompletableFuture<String> answer) {
    return (SendException)
        answer
            .handle((receipt, error) -> error)
            .orTimeout(60, java.util.concurrent.TimeUnit.SECONDS)
            .join();
  }
}
