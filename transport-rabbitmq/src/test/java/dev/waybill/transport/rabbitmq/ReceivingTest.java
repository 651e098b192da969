package dev.waybill.transport.rabbitmq;

import static dev.waybill.transport.rabbitmq.Recording.body;
import static dev.waybill.transport.rabbitmq.Recording.settle;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.GetResponse;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Reject;
import dev.waybill.transport.Settlement.Release;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ReceivingTest extends RabbitTest {
  private static final Settlement NOT_NOW = new Release(Duration.ZERO, 0);

  @Test
  void anAcceptedMessageIsGone() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    send(queue, "a");
    Recording recording = new Recording();
    Receiver receiver = receive(queue, 5, recording);

    assertThat(settle(recording.delivery(0), Settlement.accept())).isEqualTo(Result.SETTLED);
    receiver.close();

    assertEmpty(queue);
  }

  @Test
  void aSecondSettlementChangesNothing() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    send(queue, "a");
    send(queue, "b");
    Recording recording = receive(queue, 1);
    Delivery first = recording.delivery(0);

    settle(first, Settlement.accept());

    assertThat(first.settle(NOT_NOW)).isSameAs(first.settle(Settlement.accept()));
    assertThat(settle(recording.delivery(1), Settlement.accept())).isEqualTo(Result.SETTLED);
    assertThat(recording.failures).isEmpty();
  }

  @Test
  void twoReceiversOfAQueueShareItsMessages() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    Recording one = receive(queue, 100);
    Recording two = receive(queue, 100);
    awaitConsumers(queue, 2); // or the first may take all

    for (int i = 0; i < 100; i++) {
      send(queue, "m" + i);
    }

    await()
        .atMost(Recording.LIMIT)
        .until(() -> one.deliveries.size() + two.deliveries.size() == 100);
    assertThat(one.deliveries).isNotEmpty();
    assertThat(two.deliveries).isNotEmpty();
    assertThat(one.bodies()).doesNotContainAnyElementsOf(two.bodies());
  }

  @Test
  void everySubscriptionOfATopicGetsACopyAndInstancesOfOneShare() throws Exception {
    Topic topic = new Topic(Wires.name("topic"), false);
    Subscription billing = new Subscription(topic, "billing");
    Subscription stock = new Subscription(topic, "stock");
    create(billing, stock);
    Wires.send(connection.sender(), topic, Wires.message("before any receiver"));
    Recording billed = receive(billing, 10);
    Recording stocked = receive(stock, 10);
    Recording stockedToo = receive(stock, 10);

    for (int i = 0; i < 5; i++) {
      Wires.send(connection.sender(), topic, Wires.message("m" + i));
    }

    billed.delivery(5);
    assertThat(billed.bodies())
        .containsExactly("before any receiver", "m0", "m1", "m2", "m3", "m4");
    await()
        .atMost(Recording.LIMIT)
        .until(() -> stocked.deliveries.size() + stockedToo.deliveries.size() == 6);
  }

  @Test
  void aReleasedMessageComesAgainWithItsAttempt() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    send(queue, "a");
    Recording recording = receive(queue, 5);

    for (int attempt = 1; attempt <= 3; attempt++) {
      Delivery delivery = recording.delivery(attempt - 1);
      assertThat(delivery.attempt()).isEqualTo(attempt);
      assertThat(delivery.message().headers()).containsOnlyKeys("wb-tenant");
      settle(delivery, new Release(Duration.ZERO, attempt));
    }
    assertThat(recording.delivery(3).attempt()).isEqualTo(4);
  }

  @Test
  void anAttemptIsKnownToAnotherInstance() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    send(queue, "a");
    Recording recording = new Recording();
    Receiver receiver = receive(queue, 1, recording);
    recording.delivery(0);
    receiver.close();

    try (TransportConnection other = open(uri())) {
      Recording next = new Recording();
      Receiver unused = other.receive(queue, 1, next);

      assertThat(next.delivery(0).attempt()).isEqualTo(2);
      assertThat(next.delivery(0).brokerId()).isEqualTo(recording.delivery(0).brokerId());
    }
  }

  @Test
  void aMessageReleasedForLaterIsNotDeliveredBefore() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    send(queue, "a");
    Recording recording = receive(queue, 5);
    Delivery first = recording.delivery(0);
    long released = System.nanoTime();

    settle(first, new Release(Duration.ofSeconds(1), 1));

    recording.delivery(1);
    assertThat(Duration.ofNanos(System.nanoTime() - released)).isGreaterThan(Duration.ofSeconds(1));
    assertThat(recording.deliveries).hasSize(2);
  }

  @Test
  void neverMoreThanTheCreditIsOpen() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    for (int i = 0; i < 30; i++) {
      send(queue, "m" + i);
    }
    Recording recording = receive(queue, 3);

    for (int settled = 0; settled < 30; settled++) {
      recording.delivery(settled);
      assertThat(recording.deliveries.size() - settled).isBetween(1, 3);
      settle(recording.deliveries.get(settled), Settlement.accept());
    }

    assertThat(recording.bodies())
        .containsExactlyElementsOf(IntStream.range(0, 30).mapToObj(i -> "m" + i).toList());
  }

  @Test
  void creditHoldsOverPauseAndResume() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    for (int i = 0; i < 10; i++) {
      send(queue, "m" + i);
    }
    Recording recording = new Recording();
    Receiver receiver = receive(queue, 2, recording);
    recording.delivery(1);

    receiver.pause();
    receiver.pause();
    awaitCancelled(recording.delivery(0));
    settle(recording.delivery(0), Settlement.accept());
    assertThat(recording.deliveries).hasSize(2);
    receiver.resume();
    receiver.resume();

    awaitReady(queue, 6); // the new consumer has got two more, of which one is held
    recording.delivery(2);
    assertThat(recording.deliveries).hasSize(3);
    for (int settled = 1; settled < 10; settled++) {
      settle(recording.delivery(settled), Settlement.accept());
      assertThat(recording.deliveries.size() - settled).isLessThanOrEqualTo(3);
    }
    assertThat(recording.bodies()).doesNotHaveDuplicates().hasSize(10);
  }

  @Test
  void pausingOftenTakesNoMoreAndMoreMessages() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    for (int i = 0; i < 30; i++) {
      send(queue, "m" + i);
    }
    Recording recording = new Recording();
    Receiver receiver = receive(queue, 2, recording);
    recording.delivery(1);

    for (int i = 0; i < 8; i++) {
      receiver.pause();
      receiver.resume();
    }
    settle(recording.delivery(0), Settlement.accept()); // is done after all of it

    try (Native raw = new Native(uri())) {
      // one is settled, two are open, and at most two wait for the credit
      assertThat(raw.channel.messageCount(queue.name())).isGreaterThanOrEqualTo(25);
    }
    for (int settled = 1; settled < 30; settled++) {
      settle(recording.delivery(settled), Settlement.accept());
      if (settled == 15) {
        receiver.pause();
        receiver.resume();
      }
    }
    assertThat(recording.bodies()).doesNotHaveDuplicates().hasSize(30);
  }

  @Test
  void aPausedReceiverLeavesMessagesToOthersAndKeepsItsOwn() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    send(queue, "mine");
    send(queue, "mine too");
    Recording recording = new Recording();
    Receiver receiver = receive(queue, 5, recording);
    recording.delivery(1);

    receiver.pause();
    awaitCancelled(recording.delivery(0));
    settle(recording.delivery(0), Settlement.accept());
    Recording other = receive(queue, 5);
    for (int i = 0; i < 5; i++) {
      send(queue, "m" + i);
    }

    other.delivery(4);
    assertThat(recording.deliveries).hasSize(2);
    assertThat(recording.delivery(1).isOwned()).isTrue();
    assertThat(settle(recording.delivery(1), Settlement.accept())).isEqualTo(Result.SETTLED);
  }

  @Test
  void aResumedReceiverGetsMessagesAgain() throws Exception {
    for (Queue queue : List.of(Wires.queue(), Wires.keyedQueue())) {
      create(queue);
      Recording recording = new Recording();
      Receiver receiver = receive(queue, 5, recording);
      receiver.pause();
      send(queue, "a");
      receiver.resume();

      assertThat(body(recording.delivery(0))).isEqualTo("a");
    }
  }

  @Test
  void aPausedKeyedReceiverHoldsWhatArrivesInOrder() throws Exception {
    Queue queue = Wires.keyedQueue();
    create(queue);
    Recording recording = new Recording();
    Receiver receiver = receive(queue, 5, recording);
    send(queue, "m0");
    recording.delivery(0);
    Recording standby = receive(queue, 5);
    receiver.pause();

    send(queue, "m1");
    send(queue, "m2");
    awaitReady(queue, 0);
    assertThat(recording.deliveries).hasSize(1);
    receiver.resume();

    recording.delivery(2);
    assertThat(recording.bodies()).containsExactly("m0", "m1", "m2");
    assertThat(standby.deliveries).isEmpty();
  }

  @Test
  void anotherInstanceOfAKeyedQueueTakesOverInOrderOnlyAfterTheClose() throws Exception {
    Queue queue = Wires.keyedQueue();
    create(queue);
    for (int i = 0; i < 6; i++) {
      Wires.send(connection.sender(), queue, Wires.message("m" + i, "k"));
    }
    Recording first = new Recording();
    Receiver active = receive(queue, 3, first);
    first.delivery(2);
    Recording standby = receive(queue, 10);

    active.stop();
    assertThat(settle(first.delivery(0), Settlement.accept())).isEqualTo(Result.SETTLED);
    assertThat(settle(first.delivery(2), NOT_NOW)).isEqualTo(Result.SETTLED);
    assertThat(standby.deliveries).isEmpty();
    active.close();

    standby.delivery(4);
    assertThat(standby.bodies()).containsExactly("m1", "m2", "m3", "m4", "m5");
    assertThat(first.deliveries).hasSize(3);
  }

  @Test
  void orderPerKeyHoldsOverRedeliveryOfTheHead() throws Exception {
    Queue queue = Wires.keyedQueue();
    create(queue);
    for (int i = 0; i < 4; i++) {
      Wires.send(connection.sender(), queue, Wires.message("m" + i, "k"));
    }
    Recording recording = receive(queue, 1);

    settle(recording.delivery(0), new Release(Duration.ZERO, 1));
    for (int i = 1; i <= 4; i++) {
      settle(recording.delivery(i), Settlement.accept());
    }

    assertThat(recording.bodies()).containsExactly("m0", "m0", "m1", "m2", "m3");
  }

  @Test
  void aRejectedMessageIsInTheDeadLetterQueueAsReceivedWithTheEvidence() throws Exception {
    Queue queue = Wires.queue();
    Queue copies = Wires.queue();
    create(queue, copies);
    Map<String, Object> headers = new HashMap<>();
    headers.put("number", 42);
    headers.put("CC", List.of(copies.name()));
    headers.put("x-death", List.of(Map.of("reason", "rejected")));
    Recording recording = receive(queue, 5);
    try (Native raw = new Native(uri())) {
      raw.publish(
          queue.name(),
          new BasicProperties.Builder()
              .headers(headers)
              .contentType("text/csv")
              .correlationId("c-1")
              .expiration("600000")
              .userId("waybill")
              .build(),
          "body");
      assertThat(raw.take(copies.name())).isNotNull(); // as the sender wanted
      settle(recording.delivery(0), new Release(Duration.ZERO, 1));

      Result result =
          settle(
              recording.delivery(1),
              new Reject("no use", Map.of("waybill-reason", "no use ü", "waybill-attempts", "2")));

      assertThat(result).isEqualTo(Result.SETTLED);
      GetResponse letter = raw.take(queue.deadLetterQueue().name());
      BasicProperties properties = letter.getProps();
      assertThat(new String(letter.getBody(), StandardCharsets.UTF_8)).isEqualTo("body");
      assertThat(properties.getContentType()).isEqualTo("text/csv");
      assertThat(properties.getCorrelationId()).isEqualTo("c-1");
      assertThat(properties.getExpiration()).isNull();
      assertThat(properties.getUserId()).isNull();
      assertThat(properties.getDeliveryMode()).isEqualTo(2);
      Map<String, Object> read = properties.getHeaders();
      assertThat(read).containsEntry("number", 42).containsKey("x-death");
      assertThat(read).doesNotContainKeys("CC");
      assertThat(read.get("waybill-original-CC")).asString().contains(copies.name());
      assertThat(read.get("waybill-original-expiration")).hasToString("600000");
      assertThat(read.get("waybill-original-user-id")).hasToString("waybill");
      assertThat(read.get("waybill-reason")).hasToString("no use ü");
      assertThat(read.get("waybill-attempts")).hasToString("2");
      assertThat(raw.takeNow(copies.name())).isNull();
    }
  }

  @Test
  void theDeadLetterQueueIsReceivedFromLikeAnyOther() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    send(queue, "a");
    Recording recording = receive(queue, 5);
    settle(recording.delivery(0), new Reject("bad", Map.of("waybill-reason", "bad")));

    Delivery letter = receive(queue.deadLetterQueue(), 1).delivery(0);

    assertThat(letter.attempt()).isEqualTo(1);
    assertThat(letter.message().attributes())
        .isEqualTo(recording.delivery(0).message().attributes());
    assertThat(letter.message().headers())
        .containsEntry("wb-tenant", "blue")
        .containsEntry("waybill-reason", "bad");
  }

  @Test
  void aRejectedMessageIsKeptWhenItsDeadLetterQueueIsGone() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    send(queue, "a");
    Recording recording = receive(queue, 5);
    Delivery delivery = recording.delivery(0);
    Settlement reject = new Reject("bad", Map.of());
    try (Native raw = new Native(uri())) {
      raw.channel.queueDelete(queue.deadLetterQueue().name());
    }

    assertThatThrownBy(() -> delivery.settle(reject).toCompletableFuture().join())
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfSatisfying(
            SendException.class, error -> assertThat(error.code()).isEqualTo(ErrorCode.UNROUTABLE));
    assertThat(delivery.isOwned()).isTrue();

    create(queue);
    assertThat(settle(delivery, reject)).isEqualTo(Result.SETTLED);
    try (Native raw = new Native(uri())) {
      assertThat(raw.take(queue.deadLetterQueue().name())).isNotNull();
    }
  }

  @Test
  void aStoppedReceiverDeliversNothingAndStillSettles() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    send(queue, "a");
    Recording recording = new Recording();
    Receiver receiver = receive(queue, 5, recording);
    Delivery open = recording.delivery(0);

    receiver.stop();
    receiver.stop();
    send(queue, "b");

    assertThat(settle(open, Settlement.accept())).isEqualTo(Result.SETTLED);
    receiver.close();
    receiver.close();
    assertThat(recording.deliveries).hasSize(1);
    try (Native raw = new Native(uri())) {
      assertThat(new String(raw.take(queue.name()).getBody(), StandardCharsets.UTF_8))
          .isEqualTo("b");
      assertThat(raw.takeNow(queue.name())).isNull();
    }
  }

  @Test
  void whatIsSettledAtOnceLeavesNothingButWhatIsOpen() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    for (int i = 0; i < 200; i++) {
      CompletableFuture<String> unused =
          connection.sender().send(queue, Wires.message("m" + i), Wires.DEADLINE);
    }
    Recording recording = new Recording();
    Receiver receiver = receive(queue, 200, recording);
    recording.delivery(199);
    Set<Integer> open = Set.of(0, 77, 199);
    List<CompletableFuture<Result>> results = new ArrayList<>();
    for (int i = 199; i >= 0; i--) {
      if (!open.contains(i)) {
        results.add(recording.deliveries.get(i).settle(Settlement.accept()).toCompletableFuture());
      }
    }

    assertThat(results)
        .allSatisfy(
            result ->
                assertThat(result.get(Wires.DEADLINE.toSeconds(), TimeUnit.SECONDS))
                    .isEqualTo(Result.SETTLED));

    assertThat(receiver.status().settledAhead()).isEqualTo(197);
    receiver.close();
    Recording next = receive(queue, 200);
    next.delivery(2);
    assertThat(next.bodies()).containsExactly("m0", "m77", "m199");
  }

  @Test
  void closingGivesBackWhatIsOpenAndLateSettlementsDoNothing() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    for (int i = 0; i < 4; i++) {
      send(queue, "m" + i);
    }
    Recording recording = new Recording();
    Receiver receiver = receive(queue, 4, recording);
    recording.delivery(3);
    settle(recording.delivery(1), Settlement.accept());

    receiver.close();

    Delivery late = recording.delivery(0);
    assertThat(late.isOwned()).isFalse();
    assertThat(settle(late, Settlement.accept())).isEqualTo(Result.NOT_OWNED);
    assertThat(settle(late, new Reject("late", Map.of()))).isEqualTo(Result.NOT_OWNED);
    Recording next = receive(queue, 4);
    next.delivery(2);
    assertThat(next.bodies()).containsExactly("m0", "m2", "m3");
  }

  @Test
  void settlementsThatWereBegunAreFinishedByClose() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    for (int i = 0; i < 20; i++) {
      send(queue, "m" + i);
    }
    Recording recording = new Recording();
    Receiver receiver = receive(queue, 20, recording);
    recording.delivery(19);
    List<Result> results = new CopyOnWriteArrayList<>(); // of several threads
    recording.deliveries.forEach(
        delivery ->
            delivery
                .settle(new Reject("all", Map.of()))
                .whenComplete((result, error) -> results.add(result)));

    receiver.close();

    await()
        .atMost(Recording.LIMIT)
        .until(() -> results.size() == 20); // who is told, and who closes
    assertThat(results).containsOnly(Result.SETTLED);
    assertEmpty(queue);
  }

  @Test
  void aLostConnectionMakesDeliveriesForeignAndTheReceiverRecovers() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    send(queue, "a");
    Recording recording = receive(queue, 5);
    Delivery lost = recording.delivery(0);

    connection.unwrap(Connection.class).orElseThrow().abort();

    Delivery again = recording.delivery(1);
    assertThat(lost.isOwned()).isFalse();
    assertThat(settle(lost, Settlement.accept())).isEqualTo(Result.NOT_OWNED);
    assertThat(again.attempt()).isEqualTo(2);
    assertThat(settle(again, Settlement.accept())).isEqualTo(Result.SETTLED);
    assertThat(recording.failures).hasSize(1);
    assertThat(recording.failures.get(0).code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    recording.awaitRecovery();
  }

  @Test
  void aDeletedQueueIsReportedAndReceivedFromAsSoonAsItIsThereAgain() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    send(queue, "a");
    Recording recording = receive(queue, 5);
    Delivery lost = recording.delivery(0);

    try (Native raw = new Native(uri())) {
      raw.channel.queueDelete(queue.name());
    }
    await()
        .atMost(Recording.LIMIT)
        .until(
            () -> recording.failures.stream().anyMatch(each -> each.code() == ErrorCode.NOT_FOUND));
    assertThat(settle(lost, Settlement.accept())).isEqualTo(Result.NOT_OWNED);
    create(queue);
    send(queue, "b");

    assertThat(body(recording.delivery(1))).isEqualTo("b");
    assertThat(recording.failures)
        .extracting(MessagingException::code)
        .endsWith(ErrorCode.NOT_FOUND);
    recording.awaitRecovery();
  }

  @Test
  void receivingFromAClosedConnectionIsRefused() {
    connection.close();

    assertThatThrownBy(() -> connection.receive(Wires.queue(), 1, new Recording()))
        .isInstanceOfSatisfying(
            MessagingException.class,
            error -> assertThat(error.code()).isEqualTo(ErrorCode.CLOSED));
  }

  @Test
  void closingTheConnectionGivesBackWhatIsOpen() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    send(queue, "a");
    Recording recording = receive(queue, 5);
    Delivery open = recording.delivery(0);

    connection.close();

    assertThat(settle(open, Settlement.accept())).isEqualTo(Result.NOT_OWNED);
    try (Native raw = new Native(uri())) {
      assertThat(raw.take(queue.name())).isNotNull();
    }
  }

  @Test
  void aForeignMessageOfAnySizeThatTheBrokerHasIsDelivered() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    Recording recording = receive(queue, 1);
    int size = 70 * 1024 * 1024; // over the 64 MiB that the client takes unless told otherwise
    try (Native raw = new Native(uri())) {
      raw.channel.basicPublish("", queue.name(), null, new byte[size]);
      raw.channel.waitForConfirmsOrDie(30_000);
    }

    assertThat(recording.delivery(0).message().body()).hasSize(size);
    assertThat(settle(recording.delivery(0), Settlement.accept())).isEqualTo(Result.SETTLED);
    assertThat(recording.failures).isEmpty();
  }

  @Test
  void classicQueuesServeToo() throws Exception {
    Queue queue = Wires.keyedQueue();
    RabbitSettings settings = RabbitUri.settings(uri());
    RabbitTransport transport =
        RabbitTransport.builder()
            .address(settings.addresses().get(0).getHost(), settings.addresses().get(0).getPort())
            .user(settings.user())
            .password(settings.password())
            .virtualHost(settings.virtualHost())
            .classicQueues()
            .build();
    try (TransportConnection classic = transport.connect(Wires.DEADLINE)) {
      assertThat(classic.prepare(Wires.topology(queue), Topology.Mode.CREATE)).isEmpty();
      Wires.send(classic.sender(), queue, Wires.message("a"));
      Recording recording = new Recording();
      Receiver unused = classic.receive(queue, 1, recording);
      settle(recording.delivery(0), new Release(Duration.ZERO, 1));

      assertThat(recording.delivery(1).attempt()).isEqualTo(1);
    }
  }

  private void send(Queue queue, String body) throws Exception {
    Wires.send(connection.sender(), queue, Wires.message(body));
  }

  /** A pause only begins to cancel; what comes before the broker has done it is delivered still. */
  private static void awaitCancelled(Delivery open) {
    ConsumerSession session = ((RabbitDelivery) open).session();
    await().atMost(Recording.LIMIT).until(session::hasDrained);
  }

  private static void assertEmpty(Queue queue) throws Exception {
    try (Native raw = new Native(uri())) {
      assertThat(raw.takeNow(queue.name())).isNull();
    }
  }

  private static void awaitConsumers(Queue queue, long count) throws Exception {
    try (Native raw = new Native(uri())) {
      await().atMost(Recording.LIMIT).until(() -> raw.channel.consumerCount(queue.name()) == count);
    }
  }

  private static void awaitReady(Queue queue, long count) throws Exception {
    try (Native raw = new Native(uri())) {
      await()
          .atMost(Recording.LIMIT)
          .untilAsserted(() -> assertThat(raw.channel.messageCount(queue.name())).isEqualTo(count));
    }
  }
}
