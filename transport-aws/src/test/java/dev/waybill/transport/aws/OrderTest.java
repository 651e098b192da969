package dev.waybill.transport.aws;

import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import dev.waybill.routing.Queue;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

  /**
   * A connection with a short lease to a port of the test's, because the emulator hands out one
   * message of a group at a time. The first poll gets the messages, the next ones wait for the end.
   */
  private record Brief(AwsConnection connection) implements AutoCloseable {
    static Brief receiving(ReceivedMessage... messages) {
      AwsPort port = mock(AwsPort.class);
      when(port.queueUrl(anyString(), any()))
          .thenReturn(completedFuture("http://127.0.0.1/q.fifo"));
      when(port.receive(any()))
          .thenReturn(completedFuture(List.of(messages)))
          .thenReturn(new CompletableFuture<>());
      when(port.delete(anyString(), any(), any())).thenAnswer(call -> allDone(call.getArgument(1)));
      when(port.hide(anyString(), any(), any())).thenAnswer(call -> allDone(call.getArgument(1)));
      AwsSettings settings =
          new AwsSettings(
              "us-east-1",
              null,
              true,
              null,
              Duration.ofSeconds(2),
              Duration.ZERO,
              false,
              Set.of(),
              new Sdk2(null, null, null));
      return new Brief(new AwsConnection(port, settings));
    }

    private static CompletableFuture<List<AwsPort.Answer>> allDone(List<?> entries) {
      return completedFuture(Collections.nCopies(entries.size(), AwsPort.Answer.done(null)));
    }

    List<Delivery> deliveries(int count) {
      Collector collector = new Collector();
      connection.receive(new Queue("q", true), 10, collector);
      return collector.next(count);
    }

    @Override
    public void close() {
      connection.close();
    }
  }

  @Test
  void aLostHeadTakesTheLaterOnesOfItsGroupAlong() {
    try (Brief brief =
        Brief.receiving(received("1", "a"), received("2", "a"), received("3", "b"))) {
      List<Delivery> deliveries = brief.deliveries(3);

      await()
          .atMost(Duration.ofSeconds(30))
          .until(
              () -> {
                deliveries.get(1).renewLease();
                deliveries.get(2).renewLease();
                return !deliveries.get(0).isOwned();
              });

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
    try (Brief brief = Brief.receiving(received("1", "a"), received("2", "a"))) {
      List<Delivery> deliveries = brief.deliveries(2);
      Aws.accept(deliveries.get(0));

      await()
          .atMost(Duration.ofSeconds(30))
          .until(
              () -> {
                deliveries.get(1).renewLease();
                return !deliveries.get(0).isOwned();
              });

      assertThat(Aws.settle(deliveries.get(1), Settlement.accept()))
          .isEqualTo(Settlement.Result.SETTLED);
    }
  }

  private static ReceivedMessage received(String id, String group) {
    return new ReceivedMessage(id, "receipt-" + id, id, Map.of(), group, 1);
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
