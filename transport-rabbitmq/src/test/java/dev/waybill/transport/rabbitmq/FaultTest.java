package dev.waybill.transport.rabbitmq;

import static dev.waybill.transport.rabbitmq.Recording.settle;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.Connection;
import dev.waybill.MessageBus;
import dev.waybill.SendReceipt;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Routes;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.FaultProxy;
import dev.waybill.testkit.broker.FaultProxy.Direction;
import dev.waybill.testkit.broker.QueueCounts;
import dev.waybill.testkit.broker.RabbitTestBroker;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Release;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What only shows on a broker, or a network, that fails. */
class FaultTest {
  private static final Duration SHORT = Duration.ofSeconds(1);

  /** Of a bus; its transport has a second less, which is long enough on a busy machine. */
  private static final Duration LONG = Duration.ofSeconds(10);

  /** Enough to be written, on a busy machine. */
  private static final Duration WRITTEN = Duration.ofSeconds(5);

  /** A close takes some five seconds at most; the rest is for a machine that is busy. */
  private static final Duration CLOSED = Duration.ofSeconds(12);

  /** Of what would take half a minute, one after another. */
  private static final Duration ALL_CLOSED = Duration.ofSeconds(20);

  private static final DelaySettings DELAYS = Wires.delays(Duration.ofMillis(20));

  /** With two links each, and four losses of each, a hundred reconnections. */
  private static final int MANY = 13;

  /** Of each connection: to send, to receive, and to ask for the backlog. */
  private static final int CHANNELS = 3;

  /**
   * After how many milliseconds without a confirm the broker makes a hop again: without this, 3
   * minutes, which is how late a delayed message is when the next queue was not there yet after a
   * restart.
   */
  private static final String HOPS_AGAIN =
      "[{rabbit, [{dead_letter_worker_publisher_confirm_timeout, 10000}]}].";

  record Order(String number) {}

  private static RabbitTestBroker broker;

  private final Queue queue = Wires.queue();
  private FaultProxy proxy;
  private TransportConnection connection;

  @BeforeAll
  static void startBroker() {
    broker = RabbitTestBroker.builder().advanced(HOPS_AGAIN).start();
  }

  @AfterAll
  static void stopBroker() {
    broker.close();
  }

  @BeforeEach
  void connectThroughProxy() {
    proxy = FaultProxy.open().forwardTo(broker.port());
    connection = connect();
    create(queue);
  }

  private TransportConnection connect() {
    return transport().connect(Wires.DEADLINE);
  }

  private RabbitTransport transport() {
    return builder().build();
  }

  private RabbitTransport.Builder builder() {
    RabbitSettings settings = RabbitUri.settings(broker.uri());
    return RabbitTransport.builder()
        .address("127.0.0.1", proxy.port())
        .user(settings.user())
        .password(settings.password())
        .virtualHost(settings.virtualHost())
        .delays(DELAYS);
  }

  @AfterEach
  void closeAndLeaveNothing() {
    long begin = System.nanoTime();
    connection.close();
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(CLOSED);
    proxy.close();
    await().atMost(Recording.LIMIT).untilAsserted(() -> assertThat(RabbitTest.threads()).isEmpty());
  }

  @Test
  void aRestartOfTheBrokerIsReportedAndSurvived() throws Exception {
    Queue keyed = Wires.keyedQueue();
    create(keyed);
    for (int i = 0; i < 10; i++) {
      Wires.send(connection.sender(), keyed, Wires.message("m" + i, "k"));
    }
    Recording recording = receive(keyed, 5);
    Delivery lost = recording.delivery(4);
    settle(recording.delivery(0), Settlement.accept());
    awaitLeft(keyed, 9); // settled is what is noted, which a kill may come before

    broker.kill();
    await().atMost(Recording.LIMIT).until(() -> !recording.failures.isEmpty());
    assertThat(settle(lost, Settlement.accept())).isEqualTo(Result.NOT_OWNED);
    int before = recording.deliveries.size();
    broker.restart();

    recording.awaitRecovery();
    List<String> again = new ArrayList<>();
    for (int i = before; i < before + 9; i++) {
      again.add(Recording.body(recording.delivery(i)));
      settle(recording.delivery(i), Settlement.accept());
    }
    assertThat(again).containsExactly("m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9");
    assertThat(recording.failures).hasSize(1);
    assertThat(Wires.send(connection.sender(), queue, Wires.message("after"))).isNotEmpty();
  }

  @Test
  void delayedMessagesOutliveAKillOfTheBrokerAndAreNotEarlyAfterIt() throws Exception {
    Map<String, Long> due = new HashMap<>();
    for (int i = 0; i < 50; i++) {
      Duration delay = Duration.ofMillis(20 + 100 * i);
      due.put("m" + i, System.nanoTime() + delay.toNanos());
      Wires.send(connection.sender(), queue, Wires.delayed("m" + i, delay));
    }

    broker.kill();
    broker.restart();

    Map<String, Long> came = new HashMap<>();
    Recording recording = receive(queue, 100);
    for (int i = 0; came.size() < due.size(); i++) {
      came.putIfAbsent(Recording.body(recording.delivery(i)), System.nanoTime());
    }
    assertThat(came).allSatisfy((body, time) -> assertThat(time - due.get(body)).isPositive());
  }

  @Test
  void aSenderThatIsConnectedAgainBindsAgainWhatItDelaysTo() throws Exception {
    Queue other = Wires.queue();
    create(other);
    Wires.send(connection.sender(), queue, Wires.delayed("before", Duration.ofMillis(20)));
    try (Native raw = new Native(broker.uri())) {
      raw.channel.queueDelete(queue.name());
      raw.channel.queueDeclare(queue.name(), true, false, false, Map.of("x-queue-type", "quorum"));
    }
    int before = proxy.accepted();
    proxy.reset();
    await().atMost(Recording.LIMIT).until(() -> proxy.accepted() >= before + 2);
    Wires.send(connection.sender(), other, Wires.message("connected"));

    Wires.send(connection.sender(), queue, Wires.delayed("after", Duration.ofMillis(20)));

    assertThat(Recording.body(receive(queue, 5).delivery(0))).isEqualTo("after");
  }

  /** The bus has a deadline of its own for the same sends, and knows less when it passes. */
  @Test
  void allThatABusSendsWithoutConnectionIsRejected() {
    Routes routes = Routes.define(r -> r.command(Order.class).named("order").toQueue(queue.name()));
    try (MessageBus bus = MessageBus.over(transport()).routes(routes).sendTimeout(LONG).start()) {
      proxy.refuse();
      proxy.reset();
      await().atMost(Recording.LIMIT).until(() -> bus.unwrap(Connection.class).isEmpty());

      List<CompletableFuture<SendReceipt>> sends = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        sends.add(bus.send(new Order("o-" + i)));
      }

      assertThat(sends)
          .allSatisfy(
              send -> {
                Throwable failure = send.handle((done, thrown) -> thrown).get(30, TimeUnit.SECONDS);
                assertThat(failure).isInstanceOf(SendException.class);
                SendException error = (SendException) failure;
                assertThat(error.certainty()).isEqualTo(Certainty.REJECTED);
                assertThat(error.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
              });
    }
  }

  /** Who sends may have a timeout of its own, and give up before there is an answer. */
  @Test
  void aBusThatOnlySendsTellsOfADeadBrokerUntilASendIsConfirmed() {
    Routes routes = Routes.define(r -> r.command(Order.class).named("order").toQueue(queue.name()));
    try (MessageBus bus =
        MessageBus.over(transport()).routes(routes).sendTimeout(WRITTEN).start()) {
      bus.send(new Order("before")).join();
      assertThat(bus.health().problems()).isEmpty();
      broker.kill();
      try {
        assertThat(bus.send(new Order("given up")).cancel(false)).isTrue();
        await()
            .atMost(Recording.LIMIT)
            .untilAsserted(
                () ->
                    assertThat(bus.health().problems())
                        .singleElement()
                        .asString()
                        .contains("sends to %s fail, the last one with".formatted(queue)));
      } finally {
        broker.restart();
      }

      await()
          .atMost(Recording.LIMIT)
          .until(
              () -> bus.send(new Order("after")).handle((done, thrown) -> thrown == null).join());
      assertThat(bus.health().problems()).isEmpty();
    }
  }

  @Test
  void aSendWithoutConnectionIsRejectedAtItsDeadline() throws Exception {
    proxy.refuse();
    proxy.reset();
    await().atMost(Recording.LIMIT).until(() -> connection.unwrap(Connection.class).isEmpty());
    long begin = System.nanoTime();

    SendException error = failure(SHORT);

    assertThat(error.certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(error.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(SHORT.multipliedBy(10));
  }

  @Test
  void aSendWaitsForAReconnectionThatComesInTime() throws Exception {
    proxy.refuse();
    proxy.reset();
    await().atMost(Recording.LIMIT).until(() -> connection.unwrap(Connection.class).isEmpty());
    CompletableFuture<String> answer =
        connection.sender().send(queue, Wires.message("a"), Duration.ofSeconds(30));

    proxy.heal();

    assertThat(answer.get(30, TimeUnit.SECONDS)).isNotEmpty();
  }

  @Test
  void aSendWithoutAnAnswerIsUnknownAtItsDeadline() throws Exception {
    Wires.send(connection.sender(), queue, Wires.message("opens the channel"));
    proxy.hold(Direction.TO_CLIENT);

    SendException error = failure(WRITTEN);

    assertThat(error.certainty()).isEqualTo(Certainty.UNKNOWN);
    assertThat(error.code()).isEqualTo(ErrorCode.TIMEOUT);
  }

  @Test
  void aSendWhoseConnectionIsLostIsUnknown() throws Exception {
    Wires.send(connection.sender(), queue, Wires.message("opens the channel"));
    proxy.hold(Direction.TO_CLIENT);
    CompletableFuture<String> answer =
        connection.sender().send(queue, Wires.message("a"), Wires.DEADLINE);
    try (Native raw = new Native(broker.uri())) {
      await().atMost(Recording.LIMIT).until(() -> raw.channel.messageCount(queue.name()) == 2);
    }

    proxy.reset();

    assertThatThrownBy(answer::join)
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfSatisfying(
            SendException.class,
            error -> {
              assertThat(error.certainty()).isEqualTo(Certainty.UNKNOWN);
              assertThat(error.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
            });
  }

  @Test
  void aSilentConnectionIsNoticedByTheHeartbeat() throws Exception {
    connection.close();
    connection = builder().heartbeat(Duration.ofSeconds(1)).build().connect(Wires.DEADLINE);
    Recording recording = receive(queue, 5);
    try (Native raw = new Native(broker.uri())) { // which no heartbeat of this machine's ends
      raw.publish(queue.name(), null, "a");
    }
    recording.delivery(0);

    proxy.hold();
    await().atMost(Recording.LIMIT).until(() -> !recording.failures.isEmpty());
    proxy.heal();

    assertThat(recording.delivery(1).attempt()).isGreaterThanOrEqualTo(2);
    // more than one if this machine is silent as well
    await().atMost(Recording.LIMIT).until(() -> recording.recoveries.get() > 0);
  }

  @Test
  void aStuckWriteHoldsNeitherTheCallerNorTheClose() throws Exception {
    Wires.send(connection.sender(), queue, Wires.message("opens the channel"));
    broker.pause();
    try {
      String big = "x".repeat(8 * 1024 * 1024);
      long begin = System.nanoTime();
      List<CompletableFuture<String>> answers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        answers.add(connection.sender().send(queue, Wires.message(big), SHORT));
      }
      assertThat(connection.sender().flush(Wires.DEADLINE)).isTrue();
      assertThat(answers).allMatch(CompletableFuture::isCompletedExceptionally);
      assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(20));
      connection.close();
    } finally {
      broker.resume();
    }
  }

  @Test
  void aBlockedPublisherRejectsAtTheDeadlineWhileConsumersGoOn() throws Exception {
    Recording recording = receive(queue, 5);
    Wires.send(connection.sender(), queue, Wires.message("a"));
    Wires.send(connection.sender(), queue, Wires.message("b"));
    recording.delivery(1);
    broker.blockPublishers();
    try {
      // the broker tells a connection that it is blocked when it publishes
      SendException told = failure(WRITTEN);
      assertThat(told.code()).isIn(ErrorCode.TIMEOUT, ErrorCode.THROTTLED);
      SendException error = failure(SHORT);

      assertThat(error.certainty()).isEqualTo(Certainty.REJECTED);
      assertThat(error.code()).isEqualTo(ErrorCode.THROTTLED);
      assertThat(settle(recording.delivery(0), Settlement.accept())).isEqualTo(Result.SETTLED);
      assertThat(settle(recording.delivery(1), new Release(Duration.ZERO, 1)))
          .isEqualTo(Result.SETTLED);
      assertThat(Recording.body(recording.delivery(2))).isEqualTo("b");
    } finally {
      broker.unblockPublishers();
    }

    assertThat(Wires.send(connection.sender(), queue, Wires.message("c"))).isNotEmpty();
  }

  @Test
  void connectionsThatTheBrokerClosesAreMadeAgainAndNoConfirmIsMistaken() throws Exception {
    List<CompletableFuture<String>> answers = new ArrayList<>();
    for (int round = 0; round < 5; round++) {
      for (int i = 0; i < 200; i++) {
        answers.add(
            connection
                .sender()
                .send(queue, Wires.message(round + ":" + i), Duration.ofSeconds(30)));
      }
      broker.closeConnections();
    }
    assertThat(connection.sender().flush(Duration.ofSeconds(60))).isTrue();

    Recording recording = receive(queue, 2_000);
    Wires.send(connection.sender(), queue, Wires.message("last"));
    await().atMost(Recording.LIMIT).until(() -> recording.bodies().contains("last"));
    Set<String> stored = new HashSet<>(recording.bodies());
    assertThat(recording.bodies()).doesNotHaveDuplicates();
    for (int i = 0; i < answers.size(); i++) {
      String body = i / 200 + ":" + i % 200;
      SendException error =
          (SendException) answers.get(i).handle((receipt, problem) -> problem).join();
      if (error == null) {
        assertThat(stored).contains(body);
      } else if (error.certainty() == Certainty.REJECTED) {
        assertThat(stored).doesNotContain(body);
      }
    }
  }

  @Test
  void anUnknownFateIsNotTakenForTheMissingTopic() throws Exception {
    Topic missing = new Topic(Wires.name("topic"), false);
    List<CompletableFuture<String>> answers = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      answers.add(connection.sender().send(missing, Wires.message("m" + i), Wires.DEADLINE));
    }
    answers.add(connection.sender().send(queue, Wires.message("a"), Wires.DEADLINE));
    assertThat(connection.sender().flush(Wires.DEADLINE)).isTrue();

    assertThat(answers.get(20).join()).isNotEmpty();
    assertThat(answers.subList(0, 20))
        .allSatisfy(
            answer ->
                assertThatThrownBy(answer::join)
                    .cause()
                    .isInstanceOfSatisfying(
                        MessagingException.class,
                        error -> assertThat(error.code()).isEqualTo(ErrorCode.NOT_FOUND)));
  }

  @Test
  void closingWhileTheBrokerIsGoneTakesNoLongerThanItShould() {
    Recording unused = receive(queue, 5);
    proxy.refuse();
    proxy.reset();
    await().atMost(Recording.LIMIT).until(() -> connection.unwrap(Connection.class).isEmpty());

    connection.close(); // timed by closeAndLeaveNothing, which finds it done
  }

  @Test
  void closingManyReceiversOfASilentBrokerTakesNoLongerThanOne() {
    TransportConnection patient = Transport.at(proxy.through(broker.uri())).connect(Wires.DEADLINE);
    Recording recording = new Recording();
    for (int i = 0; i < 12; i++) {
      Receiver unused = patient.receive(queue, 5, recording);
    }
    await().atMost(Recording.LIMIT).until(() -> broker.counts(queue.name()).consumers() == 12);
    proxy.hold();
    long begin = System.nanoTime();

    patient.close();

    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(ALL_CLOSED);
    proxy.heal();
  }

  @Test
  void preparingGoesOnAfterALostConnection() {
    Queue another = Wires.queue();
    proxy.cutAfter(Direction.TO_CLIENT, 40); // within the answers to the first declarations

    create(another);

    assertThat(broker.counts(another.name()).consumers()).isZero();
  }

  @Test
  void manyReconnectionsLeaveNoThreadAndNoConnectionBehind() throws Exception {
    List<TransportConnection> all = new ArrayList<>();
    try {
      for (int i = 0; i < MANY; i++) {
        TransportConnection each =
            Transport.at(proxy.through(broker.uri())).connect(Wires.DEADLINE);
        all.add(each);
        Receiver unused = each.receive(queue, 5, new Recording());
      }
      sendByAll(all);
      int connections = 2 * MANY + 2;
      await()
          .atMost(Wires.DEADLINE)
          .until(() -> broker.connections() == connections && broker.channels() == CHANNELS * MANY);
      List<String> threads = lasting();

      int begin = proxy.accepted();
      for (int round = 0; round < 2; round++) { // twice two links each
        allReconnect(proxy::reset, connections);
        sendByAll(all);
        allReconnect(broker::closeConnections, connections);
        sendByAll(all);
      }
      assertThat(proxy.accepted() - begin).isGreaterThanOrEqualTo(100);

      await()
          .atMost(Wires.DEADLINE)
          .untilAsserted(
              () -> {
                assertThat(broker.connections()).isEqualTo(connections);
                assertThat(broker.channels()).isEqualTo(CHANNELS * MANY);
                assertThat(lasting()).containsExactlyElementsOf(threads);
                assertThat(broker.counts(queue.name()).consumers()).isEqualTo(MANY);
              });
    } finally {
      all.forEach(TransportConnection::close);
    }
    await().atMost(Wires.DEADLINE).until(() -> broker.connections() == 2 && broker.channels() == 0);
  }

  /** Waits until so many connections have been made anew. */
  private void allReconnect(Runnable loss, int connections) {
    int before = proxy.accepted();
    loss.run();
    await().atMost(Wires.DEADLINE).until(() -> proxy.accepted() - before >= connections);
  }

  /** Waits until both of each connection's links are there again. */
  private void sendByAll(List<TransportConnection> all) throws Exception {
    for (TransportConnection each : all) {
      await()
          .atMost(Wires.DEADLINE)
          .until(() -> each.unwrap(Connection.class).isPresent() && isConfirmed(each));
    }
  }

  private boolean isConfirmed(TransportConnection by) throws InterruptedException {
    try {
      return !by.sender().send(queue, Wires.message("a"), SHORT).get().isEmpty();
    } catch (ExecutionException e) {
      return false;
    }
  }

  /** Without those that make calls and end by themselves; the client numbers its threads. */
  private static List<String> lasting() {
    return RabbitTest.threads().stream()
        .filter(thread -> !thread.equals("waybill-rabbitmq-call"))
        .map(thread -> thread.replaceAll("\\d+$", ""))
        .sorted()
        .toList();
  }

  private static void awaitLeft(Queue of, int count) {
    await()
        .atMost(Wires.DEADLINE)
        .until(
            () -> {
              QueueCounts counts = broker.counts(of.name());
              return counts.ready() + counts.unacknowledged() == count;
            });
  }

  private void create(Queue what) {
    assertThat(connection.prepare(Wires.topology(what), Topology.Mode.CREATE)).isEmpty();
  }

  private Recording receive(Queue from, int credit) {
    Recording recording = new Recording();
    Receiver unused = connection.receive(from, credit, recording);
    return recording;
  }

  private SendException failure(Duration deadline) throws Exception {
    return (SendException) Wires.failure(connection.sender(), queue, Wires.message("a"), deadline);
  }
}
