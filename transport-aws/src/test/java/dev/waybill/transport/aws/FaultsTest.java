package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Queue;
import dev.waybill.testkit.broker.AwsTestBroker;
import dev.waybill.testkit.broker.FaultProxy;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FaultsTest {
  private AwsTestBroker broker;
  private FaultProxy proxy;
  private Aws aws;

  @BeforeEach
  void start() {
    broker = AwsTestBroker.start();
    proxy = FaultProxy.open().forwardTo(broker.port());
    aws = Aws.connect(proxy.through(broker.uri()));
  }

  @AfterEach
  void stop() {
    aws.close();
    proxy.close();
    broker.close();
  }

  @Test
  void aSendWhoseAnswerIsLostIsUnknownAndStoredOnce() {
    Queue queue = aws.queue(false);
    aws.sendAndWait(queue, Aws.message("warm"));
    proxy.hold(FaultProxy.Direction.TO_CLIENT);

    SendException e =
        SendingTest.failure(
            aws.connection.sender().send(queue, Aws.message("1"), Duration.ofSeconds(2)));
    proxy.reset();
    proxy.heal();

    assertThat(e.certainty()).isEqualTo(Certainty.UNKNOWN);
    assertThat(e.code()).isEqualTo(ErrorCode.TIMEOUT);
    await().until(() -> aws.count(queue) == 2);
    await()
        .during(Duration.ofSeconds(1))
        .atMost(Duration.ofSeconds(4))
        .until(() -> aws.count(queue) == 2);
  }

  @Test
  void aSendOnAConnectionThatIsResetIsUnknown() {
    Queue queue = aws.queue(false);
    aws.sendAndWait(queue, Aws.message("warm"));
    proxy.hold();
    var send = aws.send(queue, Aws.message("1"));
    await().pollDelay(Duration.ofMillis(500)).until(() -> !send.isDone());
    proxy.reset();

    SendException e = SendingTest.failure(send);

    assertThat(e.certainty()).isEqualTo(Certainty.UNKNOWN);
    assertThat(e.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
  }

  @Test
  void aSendWhileNobodyListensIsRejectedWithinItsDeadline() {
    Queue queue = aws.queue(false);
    aws.sendAndWait(queue, Aws.message("1"));
    proxy.refuse();
    proxy.reset();
    // a connection that was used a moment ago is not looked at, and a send on it is unknown
    await().pollDelay(Duration.ofMillis(700)).until(() -> true);
    long start = System.nanoTime();

    SendException e =
        SendingTest.failure(
            aws.connection.sender().send(queue, Aws.message("2"), Duration.ofSeconds(3)));

    assertThat(e.certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(e.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
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
  void aSettlementThatFailsKeepsTheMessageAndCanBeMadeAgain() {
    Queue queue = aws.queue(false);
    Collector collector = new Collector();
    aws.receive(queue, 1, collector);
    aws.sendAndWait(queue, Aws.message("1"));
    Delivery delivery = collector.next();
    proxy.refuse();
    proxy.reset();

    assertThat(delivery.settle(Settlement.accept()).toCompletableFuture())
        .failsWithin(Duration.ofSeconds(25));
    assertThat(delivery.isOwned()).isTrue();
    proxy.heal();

    assertThat(Aws.settle(delivery, Settlement.accept())).isEqualTo(Settlement.Result.SETTLED);
    await().until(() -> aws.count(queue) == 0);
  }

  @Test
  void closingWhileTheBrokerHangsIsPromptAndGivesEverySendAnAnswer() {
    Queue queue = aws.queue(false);
    aws.receive(queue, 5, new Collector());
    aws.sendAndWait(queue, Aws.message("1"));
    broker.pause();
    var send = aws.send(queue, Aws.message("2"));
    long start = System.nanoTime();

    aws.close();

    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(6));
    assertThat(SendingTest.failure(send).code()).isEqualTo(ErrorCode.CLOSED);
    await()
        .atMost(Duration.ofSeconds(5))
        .until(
            () ->
                Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(thread -> thread.getName().startsWith("waybill-aws")));
    broker.resume();
  }
}
