package dev.waybill.transport.aws;

import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.when;

import dev.waybill.error.ErrorCode;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class OrderTest {
  private static Aws aws;

  @BeforeAll
  static void connect() {
    aws = Aws.connect();
  }

  @AfterAll
  static void close() {
    aws.close();
  }

  @Test
  void theOrderPerKeyIsKeptOverSendingAtOnceAndRedelivery() {
    Queue queue = aws.queue(true);
    List<CompletableFuture<String>> sends = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      for (String key : List.of("a", "b", "größe")) {
        sends.add(aws.send(queue, Aws.message(String.valueOf(i), key)));
      }
    }
    CompletableFuture.allOf(sends.toArray(CompletableFuture[]::new))
        .orTimeout(30, TimeUnit.SECONDS)
        .join();
    Collector collector = new Collector();
    aws.receive(queue, 10, collector);

    Map<String, List<String>> handled = new HashMap<>();
    int released = 0;
    for (int done = 0; done < 36; ) {
      Delivery delivery = collector.next();
      if (delivery.attempt() == 1 && Integer.parseInt(Collector.text(delivery)) % 5 == 2) {
        Aws.settle(delivery, new Settlement.Release(Duration.ZERO, 1));
        released++;
        continue;
      }
      handled
          .computeIfAbsent(delivery.message().key(), key -> new ArrayList<>())
          .add(Collector.text(delivery));
      Aws.accept(delivery);
      done++;
    }

    List<String> inOrder = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      inOrder.add(String.valueOf(i));
    }
    assertThat(handled).isEqualTo(Map.of("a", inOrder, "b", inOrder, "größe", inOrder));
    assertThat(released).isEqualTo(6);
  }

  @Test
  void aWaitingKeyHoldsBackItselfOnly() {
    Queue queue = aws.queue(true);
    aws.sendAndWait(queue, Aws.message("a1", "a"));
    aws.sendAndWait(queue, Aws.message("a2", "a"));
    Collector collector = new Collector();
    aws.receive(queue, 10, collector);
    Delivery head = collector.next();
    Aws.settle(head, new Settlement.Release(Duration.ofSeconds(3), 1));
    aws.sendAndWait(queue, Aws.message("b1", "b"));
    aws.sendAndWait(queue, Aws.message("none", null));

    List<String> seen = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Delivery delivery = collector.next();
      seen.add(Collector.text(delivery));
      Aws.accept(delivery);
    }

    assertThat(seen.subList(0, 2)).containsExactlyInAnyOrder("b1", "none");
    assertThat(seen.subList(2, 4)).containsExactly("a1", "a2");
  }

  /** The emulator hands out one message of a group at a time, and so would not show it. */
  @Test
  void aLostHeadTakesTheLaterOnesOfItsGroupAlong() {
    try (ScriptedAws scripted =
        new ScriptedAws()
            .receiving(
                ScriptedAws.received("1", "a"),
                ScriptedAws.received("2", "a"),
                ScriptedAws.received("3", "b"))) {
      AwsFailure lost =
          new AwsFailure(
              ErrorCode.BROKER_ERROR, AwsFailure.Fate.LEASE_LOST, "it has expired", null);
      when(scripted.port.hide(anyString(), any(), any()))
          .thenReturn(completedFuture(List.of(AwsPort.Answer.failed(lost))));
      // after that: a mock that other threads call meanwhile may take the answer for another call
      List<Delivery> deliveries = scripted.deliveries(new Queue("q", true), 3);

      scripted.advance(ScriptedAws.LEASE.dividedBy(3));
      deliveries.get(0).renewLease();
      await().atMost(Duration.ofSeconds(60)).until(() -> !deliveries.get(0).isOwned());

      // the first comes again: its successor would be handled before it
      assertThat(deliveries.get(1).isOwned()).isFalse();
      assertThat(Aws.settle(deliveries.get(1), Settlement.accept()))
          .isEqualTo(Settlement.Result.NOT_OWNED);
      assertThat(deliveries.get(2).isOwned()).isTrue();
      assertThat(Aws.settle(deliveries.get(2), Settlement.accept()))
          .isEqualTo(Settlement.Result.SETTLED);
    }
  }

  @Test
  void aSettledHeadLeavesTheLaterOnesOfItsGroupAlone() {
    try (ScriptedAws scripted =
        new ScriptedAws()
            .receiving(ScriptedAws.received("1", "a"), ScriptedAws.received("2", "a"))) {
      List<Delivery> deliveries = scripted.deliveries(new Queue("q", true), 2);
      Aws.accept(deliveries.get(0));

      ((AwsDelivery) deliveries.get(0)).abandon(); // as the end of its lease does

      assertThat(deliveries.get(0).isOwned()).isFalse();
      assertThat(Aws.settle(deliveries.get(1), Settlement.accept()))
          .isEqualTo(Settlement.Result.SETTLED);
    }
  }

  @Test
  void aKeyedTopicKeepsTheOrderPerKeyForEachSubscription() {
    Topic topic = new Topic(Aws.unique("topic"), true);
    Subscription one = aws.subscription(topic, "one");
    Subscription two = aws.subscription(topic, "two");
    List<CompletableFuture<String>> sends = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      sends.add(aws.send(topic, Aws.message("m" + i, "k")));
    }
    CompletableFuture.allOf(sends.toArray(CompletableFuture[]::new))
        .orTimeout(30, TimeUnit.SECONDS)
        .join();

    for (Subscription subscription : List.of(one, two)) {
      Collector collector = Collector.accepting();
      aws.receive(subscription, 10, collector);
      assertThat(collector.next(8).stream().map(Collector::text))
          .containsExactly("m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7");
    }
  }
}
