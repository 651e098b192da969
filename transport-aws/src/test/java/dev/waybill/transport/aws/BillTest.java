package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.aws.OpenDeliveries.Room;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How many calls are made: AWS charges for each, whatever it carries. */
class BillTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String RENEWALS = "ChangeMessageVisibilityBatch";
  private static final int MESSAGES = 1_000;

  private static final Duration THIRD_OF_A_LEASE = Duration.ofSeconds(10);

  private final AtomicLong clock = new AtomicLong();
  private AwsGateway gateway;

  @BeforeEach
  void start() throws IOException {
    gateway = new AwsGateway(TestBrokers.aws().uri());
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private Aws connect(AwsSdk sdk) {
    return connect(sdk, System::nanoTime);
  }

  private Aws connect(AwsSdk sdk, LongSupplier nanoTime) {
    return Aws.connect(
        Aws.emulator(gateway.uri())
            .sdk(sdk)
            .linger(Duration.ofSeconds(10))
            .nanoTime(nanoTime)
            .build());
  }

  @ParameterizedTest
  @EnumSource(AwsSdk.class)
  void aThousandMessagesAtFullLoadTakeLittleMoreThanAHundredCallsOfEachKind(AwsSdk sdk) {
    try (Aws aws = connect(sdk)) {
      Queue queue = aws.queue(false);
      gateway.forget();
      sendAll(aws, queue, "SendMessageBatch");

      assertThat(gateway.calls("SendMessageBatch")).isLessThanOrEqualTo(105);

      int receives = receiveAll(aws, queue);
      await().atMost(PATIENCE).until(() -> aws.count(queue) == 0);

      assertThat(receives).isLessThanOrEqualTo(110);
      assertThat(gateway.calls("DeleteMessageBatch")).isLessThanOrEqualTo(105);
      assertThat(gateway.calls(RENEWALS)).isZero();
    }
  }

  /**
   * The emulator hands out one message of a group in a call, so there are as many groups. How calls
   * are put together is the same with both versions.
   */
  @Test
  void aThousandKeyedMessagesAtFullLoadTakeLittleMoreThanAHundredCallsOfEachKind() {
    try (Aws aws = connect(AwsSdk.V2)) {
      Queue queue = aws.queue(true);
      gateway.forget();
      sendAll(aws, queue, "SendMessageBatch");
      int sends = gateway.calls("SendMessageBatch");

      int receives = receiveAll(aws, queue);
      await().atMost(PATIENCE).until(() -> aws.count(queue) == 0);

      assertThat(sends).isLessThanOrEqualTo(105);
      assertThat(receives).isLessThanOrEqualTo(110);
      assertThat(gateway.calls("DeleteMessageBatch")).isLessThanOrEqualTo(105);
      assertThat(gateway.calls(RENEWALS)).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(AwsSdk.class)
  void aThousandEventsTakeLittleMoreThanAHundredCalls(AwsSdk sdk) {
    try (Aws aws = connect(sdk)) {
      Topic topic = new Topic(Aws.unique("topic"), false);
      Source subscription = aws.subscription(topic, "sub");
      gateway.forget();
      sendAll(aws, topic, "PublishBatch");

      assertThat(gateway.calls("PublishBatch")).isLessThanOrEqualTo(105);
      assertThat(aws.count(subscription)).isEqualTo(MESSAGES);
    }
  }

  @Test
  void aFreshLeaseIsNotRenewed() {
    try (Aws aws = connect(AwsSdk.V2, clock::get)) {
      List<Delivery> open = received(aws, 10, 10);
      clock.addAndGet(Duration.ofSeconds(7).toNanos());
      open.forEach(Delivery::renewLease);

      clock.addAndGet(Duration.ofSeconds(3).toNanos());
      open.forEach(Delivery::renewLease); // behind those of before, if there were any

      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  open.stream().allMatch(one -> ((AwsDelivery) one).leaseLeft().toSeconds() == 30));
      assertThat(gateway.entries(RENEWALS)).isEqualTo(10);
    }
  }

  @ParameterizedTest
  @EnumSource(AwsSdk.class)
  void leasesAreRenewedByTheTen(AwsSdk sdk) {
    try (Aws aws = connect(sdk, clock::get)) {
      List<Delivery> open = received(aws, 20, 20);

      renewedWith(2, open);

      List<CompletableFuture<?>> settled = new ArrayList<>();
      open.forEach(
          delivery -> settled.add(delivery.settle(Settlement.accept()).toCompletableFuture()));
      CompletableFuture.allOf(settled.toArray(CompletableFuture[]::new)).join();
      assertThat(gateway.calls(RENEWALS)).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @EnumSource(AwsSdk.class)
  void leasesAreRenewedTogetherHoweverLittleCreditThereIs(AwsSdk sdk) {
    try (Aws aws = connect(sdk, clock::get)) {
      renewedWith(1, received(aws, 4, 10));
    }
  }

  /** So many messages, sent and received, and not settled. */
  private static List<Delivery> received(Aws aws, int count, int credit) {
    Queue queue = aws.queue(false);
    for (int i = 0; i < count; i++) {
      var unused = aws.send(queue, Aws.message("m" + i));
    }
    assertThat(aws.connection.sender().flush(PATIENCE)).isTrue();
    Collector collector = new Collector();
    aws.receive(queue, credit, collector);
    return collector.next(count);
  }

  /**
   * Ten wait for nothing, fewer for as long as the thread that adds them takes: which may stand
   * still, so that it is tried until it does not.
   */
  private void renewedWith(int calls, List<Delivery> open) {
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              gateway.forget();
              clock.addAndGet(THIRD_OF_A_LEASE.toNanos());
              open.forEach(Delivery::renewLease);
              await().atMost(PATIENCE).until(() -> gateway.entries(RENEWALS) >= open.size());
              return gateway.entries(RENEWALS) == open.size() && gateway.calls(RENEWALS) == calls;
            });
  }

  @ParameterizedTest
  @EnumSource(AwsSdk.class)
  void anIdleReceiverHasOnePollUnderWay(AwsSdk sdk) {
    try (Aws aws = connect(sdk)) {
      Queue queue = aws.queue(false);
      gateway.forget();
      aws.receive(queue, 100, new Collector());
      await()
          .atMost(PATIENCE)
          .until(() -> gateway.calls("ReceiveMessage") == 2); // the first is short
      // another call afterwards: a second poll would have been made by now
      aws.sendAndWait(aws.queue(false), Aws.message("elsewhere"));

      assertThat(gateway.calls("ReceiveMessage")).isEqualTo(2);
    }
    assertThat(PollLoop.wait(new Room(10, true), Duration.ofSeconds(30), true))
        .isEqualTo(Duration.ofSeconds(20));
    assertThat(PollLoop.wait(new Room(10, false), Duration.ofSeconds(30), true))
        .isEqualTo(Duration.ofSeconds(2));
    assertThat(PollLoop.wait(new Room(10, true), Duration.ofSeconds(6), true))
        .isEqualTo(Duration.ofSeconds(1));
    assertThat(PollLoop.wait(new Room(10, true), Duration.ofSeconds(30), false))
        .isEqualTo(Duration.ofSeconds(2));
  }

  /** Accepts all messages; how many polls had been made when the last of them came. */
  private int receiveAll(Aws aws, Queue queue) {
    AtomicInteger received = new AtomicInteger();
    CompletableFuture<Integer> polls = new CompletableFuture<>();
    Collector collector =
        new Collector(
            delivery -> {
              if (received.incrementAndGet() == MESSAGES) {
                polls.complete(gateway.calls("ReceiveMessage"));
              }
              var unused = delivery.settle(Settlement.accept());
            });
    aws.receive(queue, 2 * MESSAGES, collector); // there is room for ten all the time
    return polls.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
  }

  /** No call is over before all is there: what is measured is how it is put together. */
  private void sendAll(Aws aws, Channel channel, String operation) {
    gateway.hold(operation);
    for (int i = 0; i < MESSAGES; i++) {
      String key = channel.keyed() ? "k" + i : null;
      var unused = aws.connection.sender().send(channel, Aws.message("m" + i, key), PATIENCE);
    }
    gateway.letGo(operation);
    assertThat(aws.connection.sender().flush(PATIENCE)).isTrue();
  }
}
