package dev.waybill.transport.rabbitmq;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Method;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Release;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What brokers say that are newer than the one that the other tests run on. */
class NewerBrokersTest {
  private final Queue queue = new Queue("q", false);
  private final Recording recording = new Recording();
  private ScriptedBroker broker;
  private TransportConnection connection;
  private Receiver receiver;

  @BeforeEach
  void connect() throws Exception {
    broker = new ScriptedBroker("4.3.1");
    connection = broker.transport().connect(Wires.DEADLINE);
  }

  @AfterEach
  void closeAndLeaveNothing() throws Exception {
    connection.close();
    broker.close();
    await().atMost(Recording.LIMIT).untilAsserted(() -> assertThat(RabbitTest.threads()).isEmpty());
  }

  /** The alarm is told after the first message that meets it; a channel may be opened by then. */
  @Test
  void a_publishing_channel_that_an_alarm_keeps_from_opening_does_not_cost_the_connection()
      throws Exception {
    Wires.send(connection.sender(), queue, Wires.message("opens the channel"));
    broker.swallow(true);
    CompletableFuture<String> pending =
        connection.sender().send(queue, Wires.message("a"), Wires.DEADLINE.multipliedBy(2));
    await().atMost(Wires.DEADLINE).until(() -> broker.published() == 2);
    broker.holdOpens();
    CompletableFuture<String> waiting =
        connection
            .sender()
            .send(
                new Topic(Wires.name("topic"), false),
                Wires.message("b"),
                Wires.DEADLINE.multipliedBy(2));
    broker.awaitHeldOpen();
    broker.blockPublishers();
    CompletableFuture<String> behind =
        connection.sender().send(queue, Wires.message("c"), Duration.ofSeconds(11));

    assertThat(catchThrowableOfType(ExecutionException.class, () -> behind.get(60, SECONDS)))
        .cause()
        .isInstanceOfSatisfying(
            SendException.class, error -> assertThat(error.code()).isEqualTo(ErrorCode.THROTTLED));
    assertThat(pending).isNotDone();
    broker.open();
    broker.confirmSwallowed();
    broker.unblockPublishers();
    assertThat(pending.get(60, SECONDS)).isNotEmpty();
    assertThat(waiting.get(60, SECONDS)).isNotEmpty();
  }

  @Test
  void theVersionIsTold() {
    assertThat(connection.brokerVersion()).isEqualTo("RabbitMQ 4.3.1");
  }

  /** 4.3: a message was open for longer than the consumer timeout; the channel stays open. */
  @Test
  void aConsumerThatIsCancelledIsMadeAgainAndItsOldTagSettlesNothing() throws Exception {
    ScriptedBroker.Consumer first = receive();
    first.deliver(1, false, Map.of(), "a");
    Delivery late = recording.delivery(0);

    first.cancel();
    ScriptedBroker.Consumer second = broker.consumer(1);
    second.deliver(1, true, Map.of("x-delivery-count", 1), "a");

    assertThat(recording.delivery(1).attempt()).isEqualTo(2);
    assertThat(recording.failures)
        .singleElement()
        .satisfies(problem -> assertThat(problem).hasMessageContaining("consumer timeout"));
    recording.awaitRecovery();
    assertThat(late.isOwned()).isFalse();
    assertThat(Recording.settle(late, Settlement.accept())).isEqualTo(Result.NOT_OWNED);
    await()
        .atMost(Recording.LIMIT)
        .until(() -> broker.from(first, AMQP.Channel.Close.class).size() == 1);
    assertThat(broker.from(second, AMQP.Basic.Ack.class)).isEmpty();

    assertThat(Recording.settle(recording.delivery(1), Settlement.accept()))
        .isEqualTo(Result.SETTLED);
    await()
        .atMost(Recording.LIMIT)
        .until(() -> broker.from(second, AMQP.Basic.Ack.class).size() == 1);
  }

  /** Up to 4.2, for the same reason. */
  @Test
  void aChannelThatIsClosedIsMadeAgainAndItsOldTagSettlesNothing() throws Exception {
    ScriptedBroker.Consumer first = receive();
    first.deliver(1, false, Map.of(), "a");
    Delivery late = recording.delivery(0);

    first.closeChannel(
        AMQP.PRECONDITION_FAILED,
        "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out");
    ScriptedBroker.Consumer second = broker.consumer(1);

    assertThat(Recording.settle(late, Settlement.accept())).isEqualTo(Result.NOT_OWNED);
    second.deliver(1, true, Map.of("x-delivery-count", 1), "a");
    assertThat(recording.delivery(1).attempt()).isEqualTo(2);
    assertThat(broker.from(second, AMQP.Basic.Ack.class)).isEmpty();
  }

  /** 4.3 counts basic.reject as an attempt, and basic.nack not. */
  @Test
  void onlyWhatHasFailedIsRejected() throws Exception {
    ScriptedBroker.Consumer consumer = receive();
    consumer.deliver(1, false, Map.of(), "failed");
    consumer.deliver(2, false, Map.of(), "not begun");

    Recording.settle(recording.delivery(0), new Release(Duration.ZERO, 1));
    Recording.settle(recording.delivery(1), new Release(Duration.ZERO, 0));

    await()
        .atMost(Recording.LIMIT)
        .until(() -> broker.from(consumer, AMQP.Basic.Nack.class).size() == 1);
    assertThat(broker.from(consumer, AMQP.Basic.Reject.class))
        .singleElement()
        .satisfies(
            reject -> {
              assertThat(reject.getDeliveryTag()).isEqualTo(1);
              assertThat(reject.getRequeue()).isTrue();
            });
    assertThat(broker.from(consumer, AMQP.Basic.Nack.class).get(0).getDeliveryTag()).isEqualTo(2);
  }

  /** A queue that is deleted on a busy cluster may take its consumers with it without a word. */
  @Test
  void aConsumerThatTheBrokerHasForgottenIsMadeAgain() throws Exception {
    ScriptedBroker.Consumer first = receive();
    first.deliver(1, false, Map.of(), "a");
    Delivery late = recording.delivery(0);

    broker.countMessages(1);
    broker.forgetConsumers();

    broker.consumer(1).deliver(1, true, Map.of("x-delivery-count", 1), "a");
    assertThat(recording.delivery(1).attempt()).isEqualTo(2);
    assertThat(late.isOwned()).isFalse();
    assertThat(recording.failures)
        .singleElement()
        .satisfies(problem -> assertThat(problem).hasMessageContaining("no consumer of queue 'q'"));
    recording.awaitRecovery();
  }

  /** Every broker: a quorum queue whose leader is away, or slow, is counted as empty. */
  @Test
  void aQueueThatTheBrokerCanNotCountKeepsItsConsumer() throws Exception {
    receive().deliver(1, false, Map.of(), "a");
    Delivery open = recording.delivery(0);
    long asked = broker.askedForCounts();

    broker.forgetConsumers();
    await().atMost(Recording.LIMIT).until(() -> broker.askedForCounts() >= asked + 4);

    assertThat(open.isOwned()).isTrue();
    assertThat(Recording.settle(open, Settlement.accept())).isEqualTo(Result.SETTLED);
    assertThat(recording.failures).isEmpty();
  }

  /** Every broker: some queue answers nothing, and all that may wait for an answer went there. */
  @Test
  void sendsThatWereNeverAnsweredDoNotKeepTheOthersOut() {
    broker.swallow(true);
    for (int i = 0; i < 1_000; i++) {
      var unused = send(Duration.ofSeconds(5));
    }
    await().atMost(Recording.LIMIT).until(() -> broker.published() >= 1_000);
    assertThat(connection.sender().flush(Recording.LIMIT)).isTrue();
    broker.swallow(false);

    await()
        .atMost(Recording.LIMIT)
        .until(() -> send(Duration.ofMillis(500)).handle((receipt, error) -> error == null).join());
  }

  private CompletableFuture<String> send(Duration deadline) {
    return connection.sender().send(new Queue("q", false), Wires.message("a"), deadline);
  }

  /**
   * Every broker: else it gives what was given back to the same consumer again, and counts that.
   */
  @Test
  void whatIsGivenBackAtAStopGoesBackWhenTheBrokerHasTakenTheCancel() throws Exception {
    ScriptedBroker.Consumer consumer = receive();
    broker.holdCancels();
    consumer.deliver(1, false, Map.of(), "a");
    consumer.deliver(2, false, Map.of(), "b");
    Delivery a = recording.delivery(0);
    Delivery b = recording.delivery(1);

    receiver.stop();
    CompletionStage<Result> first = a.settle(new Release(Duration.ZERO, 0));
    CompletionStage<Result> second = b.settle(new Release(Duration.ZERO, 0));
    broker.answerCancel();

    assertThat(first.toCompletableFuture().get(60, TimeUnit.SECONDS)).isEqualTo(Result.SETTLED);
    assertThat(second.toCompletableFuture().get(60, TimeUnit.SECONDS)).isEqualTo(Result.SETTLED);
    await()
        .atMost(Recording.LIMIT)
        .until(() -> broker.from(consumer, AMQP.Basic.Nack.class).size() == 2);
    List<Method> said = broker.from(consumer, Method.class);
    int cancel = said.indexOf(broker.from(consumer, AMQP.Basic.Cancel.class).get(0));
    int nack = said.indexOf(broker.from(consumer, AMQP.Basic.Nack.class).get(0));
    assertThat(nack).isGreaterThan(cancel);
  }

  /** 4.0 ignores x-death that a client publishes again; 4.3 adds x-acquired-count. */
  @Test
  void attemptsAreTheDeliveryCountAndNothingElse() {
    Map<String, Object> death = Map.of("queue", "other", "reason", "rejected", "count", 7L);
    ScriptedBroker.Consumer consumer = receive();

    consumer.deliver(1, false, Map.of("x-death", List.of(death)), "a");
    consumer.deliver(2, true, Map.of("x-delivery-count", 3, "x-acquired-count", 9), "b");

    assertThat(recording.delivery(0).attempt()).isEqualTo(1);
    assertThat(recording.delivery(1).attempt()).isEqualTo(4);
    assertThat(recording.delivery(1).message().headers()).isEmpty();
  }

  /** From 4.2.6 on a passive declaration takes a permission on the queue. */
  @Test
  void whoMayNotEvenLookIsToldSo() {
    broker.refuseToLook();

    MessagingException error =
        catchThrowableOfType(
            MessagingException.class,
            () ->
                connection.prepare(
                    new Topology(List.of(queue), List.of(), List.of()), Mode.VERIFY));

    assertThat(error.code()).isEqualTo(ErrorCode.NOT_AUTHORISED);
    assertThat(error).hasMessageContaining("queue 'q'").hasMessageContaining("ASSUME");
  }

  /** From 4.2.6 on; nobody has rights on the partitions of a queue that has none. */
  @ParameterizedTest
  @EnumSource(
      value = Mode.class,
      names = {"CREATE", "VERIFY"})
  void a_start_does_not_fail_for_partitions_that_it_may_not_look_for(Mode mode) {
    broker.refuseToLookAt(".partition-");

    try (Logged logged = new Logged()) {
      assertThat(connection.prepare(Wires.topology(new Queue("keyed", true)), mode)).isEmpty();

      assertThat(logged.lines("dev.waybill"))
          .filteredOn(line -> line.contains("'keyed.partition-0' can't be looked for"))
          .hasSize(1);
    }
  }

  @Test
  void noAcknowledgementGoesPastAnOpenDelivery() throws Exception {
    ScriptedBroker.Consumer consumer = receive();
    for (int tag = 1; tag <= 300; tag++) {
      consumer.deliver(tag, false, Map.of(), "m" + tag);
    }
    recording.delivery(299);
    long open = 100;
    for (int tag = 300; tag >= 1; tag--) {
      if (tag != open) {
        recording.deliveries.get(tag - 1).settle(Settlement.accept());
      }
    }
    await().atMost(Recording.LIMIT).until(() -> acknowledged(consumer).size() == 299);

    assertThat(acknowledged(consumer)).doesNotContain(open);
    assertThat(recording.delivery(99).isOwned()).isTrue();
    assertThat(receiver.status().settledAhead()).isEqualTo(200);
    assertThat(receiver.status().waiting()).isZero();
  }

  @Test
  void aBlockIsForgottenWithItsConnection() throws Exception {
    Wires.send(connection.sender(), queue, Wires.message("a"));
    broker.blockPublishers();
    await().atMost(Wires.DEADLINE).until(this::isBlocked);

    broker.cutPublishers();
    broker.awaitConnections(3);

    assertThat(Wires.send(connection.sender(), queue, Wires.message("b"))).isNotEmpty();
  }

  private boolean isBlocked() throws Exception {
    try {
      connection.sender().send(queue, Wires.message("x"), Duration.ofMillis(200)).get();
      return false; // the broker's word was not there yet
    } catch (ExecutionException e) {
      return e.getCause() instanceof SendException error && error.code() == ErrorCode.THROTTLED;
    }
  }

  private ScriptedBroker.Consumer receive() {
    receiver = connection.receive(queue, 1_000, recording);
    return broker.consumer(0);
  }

  private Set<Long> acknowledged(ScriptedBroker.Consumer consumer) {
    Set<Long> tags = new TreeSet<>();
    long before = 1;
    for (AMQP.Basic.Ack ack : broker.from(consumer, AMQP.Basic.Ack.class)) {
      if (ack.getMultiple()) {
        for (; before <= ack.getDeliveryTag(); before++) {
          tags.add(before);
        }
      } else {
        tags.add(ack.getDeliveryTag());
      }
    }
    return tags;
  }
}
