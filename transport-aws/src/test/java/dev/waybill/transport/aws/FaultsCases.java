package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.testkit.broker.AwsTestBroker;
import dev.waybill.testkit.broker.FaultProxy;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The cases about what breaks between here and AWS, for each version of the SDK. */
abstract class FaultsCases {
  abstract AwsSdk sdk();

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static AwsTestBroker broker;

  private FaultProxy proxy;
  private Aws aws;

  @BeforeAll
  static void startBroker() {
    broker = AwsTestBroker.start();
  }

  @AfterAll
  static void stopBroker() {
    broker.close();
  }

  @BeforeEach
  void start() {
    proxy = FaultProxy.open().forwardTo(broker.port());
    aws = Aws.connect(proxy.through(broker.uri()), sdk());
  }

  @AfterEach
  void stop() {
    aws.close();
    proxy.close();
  }

  @Test
  void aSendWhoseAnswerIsLostIsUnknownAndStoredOnce() {
    Queue queue = aws.queue(false);
    aws.sendAndWait(queue, Aws.message("warm"));
    proxy.hold(FaultProxy.Direction.TO_CLIENT);

    SendException e =
        SendingTest.failure(
            aws.connection.sender().send(queue, Aws.message("1"), Duration.ofSeconds(5)));
    proxy.reset();
    proxy.heal();

    assertThat(e.certainty()).isEqualTo(Certainty.UNKNOWN);
    assertThat(e.code()).isEqualTo(ErrorCode.TIMEOUT);
    assertThat(e).hasMessageContaining("may or may not have been stored");
    aws.sendAndWait(queue, Aws.message("marker"));
    Collector collector = Collector.accepting();
    aws.receive(queue, 10, collector);
    await().atMost(PATIENCE).until(() -> collector.deliveries.size() > 2 && aws.count(queue) == 0);
    assertThat(collector.deliveries.stream().map(Collector::text))
        .containsExactlyInAnyOrder("warm", "1", "marker");
  }

  @Test
  void aSendOnAConnectionThatIsResetIsUnknown() {
    Queue queue = aws.queue(false);
    aws.sendAndWait(queue, Aws.message("warm"));
    try (Aws direct = Aws.connect(broker.uri(), sdk())) {
      proxy.hold(FaultProxy.Direction.TO_CLIENT);
      var send = aws.connection.sender().send(queue, Aws.message("1"), PATIENCE);
      await().atMost(PATIENCE).until(() -> direct.count(queue) == 2);
      assertThat(send).isNotDone();
      proxy.reset();

      SendException e = SendingTest.failure(send);

      assertThat(e.certainty()).isEqualTo(Certainty.UNKNOWN);
      assertThat(e.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    }
  }

  @Test
  void aSendWhileNobodyListensIsRejectedWithinItsDeadline() {
    Queue queue = aws.queue(false);
    aws.sendAndWait(queue, Aws.message("1"));
    proxy.refuse();
    proxy.reset();
    // a connection that was used a moment ago is not looked at, and a send on it is unknown
    await().atMost(PATIENCE).until(() -> send(queue).certainty() == Certainty.REJECTED);

    SendException e = send(queue);

    assertThat(e.certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(e.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
  }

  /** Fails within twice its deadline. */
  private SendException send(Queue queue) {
    return SendingTest.failure(aws.connection.sender().send(queue, Aws.message("2"), Aws.DEADLINE));
  }

  @Test
  void aReceiverSurvivesACrashOfTheBrokerAndReportsItAndItsEnd() {
    Queue queue = aws.queue(false);
    Collector collector = new Collector();
    aws.receive(queue, 5, collector);
    aws.sendAndWait(queue, Aws.message("before"));
    Delivery open = collector.next();

    broker.kill();
    await().atMost(Duration.ofSeconds(30)).until(() -> collector.failures.size() == 1);
    broker.restart();
    aws.sendAndWait(queue, Aws.message("after"));

    Delivery delivery = collector.next(Duration.ofSeconds(40));
    assertThat(collector.recoveries).hasValue(1);
    assertThat(collector.failures.get(0).code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    assertThat(Aws.settle(delivery, Settlement.accept())).isEqualTo(Settlement.Result.SETTLED);
    assertThat(open.message()).isNotNull();
  }

  @Test
  void aSettlementWithoutAConnectionIsMadeOnceThereIsOneAgain() {
    Queue queue = aws.queue(false);
    Collector collector = new Collector();
    aws.receive(queue, 1, collector);
    aws.sendAndWait(queue, Aws.message("1"));
    Delivery delivery = collector.next();
    proxy.refuse();
    proxy.reset();

    var settlement = delivery.settle(Settlement.accept()).toCompletableFuture();
    proxy.heal();

    assertThat(settlement).succeedsWithin(PATIENCE).isEqualTo(Settlement.Result.SETTLED);
    await().atMost(PATIENCE).until(() -> aws.count(queue) == 0);
  }

  @Test
  void closingWhileTheBrokerHangsIsPromptAndGivesEverySendAnAnswer() {
    Queue queue = aws.queue(false);
    ReplyQueue replies = new ReplyQueue("requester", "i" + System.nanoTime());
    aws.connection.prepare(
        new Topology(List.of(queue), List.of(queue), List.of(), replies), Topology.Mode.ASSUME);
    aws.receive(queue, 5, new Collector());
    aws.receive(replies, 5, new Collector());
    aws.sendAndWait(queue, Aws.message("1"));
    broker.pause();
    var send = aws.send(queue, Aws.message("2"));
    long start = System.nanoTime();

    aws.close();

    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
    assertThat(SendingTest.failure(send).code()).isEqualTo(ErrorCode.CLOSED);
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(thread -> thread.getName().startsWith("waybill-aws")));
    broker.resume();
  }
}
