package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.Mockito.timeout;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import com.amazonaws.services.sqs.model.MessageAttributeValue;
import com.amazonaws.services.sqs.model.SendMessageRequest;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ReceivingTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

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
  void aMessageIsReadAsItWasSentThroughQueuesAndTopicsWithAndWithoutKeys() {
    byte[] binary = {0, 1, (byte) 0xFF, '\n'};
    Map<String, String> attributes =
        Map.of("id", "m-" + Aws.unique("id"), "type", "t.v1", "subject", "漢字 \uD83D\uDE9A \u0001");
    Map<String, String> headers =
        Map.of("wb-größe", "", "wb-quote", "\"\\\r\n", "wb-long", "x".repeat(4_000));
    for (boolean keyed : new boolean[] {false, true}) {
      Queue queue = aws.queue(keyed);
      Topic topic = new Topic(Aws.unique("topic"), keyed);
      Subscription subscription = aws.subscription(topic, "sub");
      Collector fromQueue = Collector.accepting();
      Collector fromTopic = Collector.accepting();
      aws.receive(queue, 5, fromQueue);
      aws.receive(subscription, 5, fromTopic);
      for (byte[] body : new byte[][] {binary, {}, "größe".getBytes(StandardCharsets.UTF_8)}) {
        Map<String, String> own = new java.util.HashMap<>(attributes);
        own.put("id", Aws.unique("id"));
        WireMessage sent =
            new WireMessage(body, "a/b; c=\"d\"", own, headers, keyed ? "key ü" : null, null);
        aws.sendAndWait(queue, sent);
        aws.sendAndWait(topic, sent);
        assertSame(fromQueue.next().message(), sent);
        assertSame(fromTopic.next().message(), sent);
      }
    }
  }

  private static void assertSame(WireMessage read, WireMessage sent) {
    assertThat(read.body()).isEqualTo(sent.body());
    assertThat(read.contentType()).isEqualTo(sent.contentType());
    assertThat(read.attributes()).isEqualTo(sent.attributes());
    assertThat(read.headers()).isEqualTo(sent.headers());
    assertThat(read.key()).isEqualTo(sent.key());
  }

  @Test
  void aForeignMessageIsDelivered() {
    Queue queue = aws.queue(false);
    Collector collector = Collector.accepting();
    aws.receive(queue, 5, collector);

    aws.sqs()
        .sendMessage(
            new SendMessageRequest(aws.url(queue), "plain")
                .withMessageAttributes(
                    Map.of(
                        "color",
                        new MessageAttributeValue()
                            .withDataType("String")
                            .withStringValue("red"))));

    Delivery delivery = collector.next();
    assertThat(Collector.text(delivery)).isEqualTo("plain");
    assertThat(delivery.message().headers()).isEqualTo(Map.of("color", "red"));
    assertThat(delivery.message().attributes()).isEmpty();
    assertThat(delivery.brokerId()).isNotEmpty();
    assertThat(delivery.attempt()).isEqualTo(1);
  }

  @Test
  void twoReceiversOfOneQueueShareItsMessages() {
    Queue queue = aws.queue(false);
    Collector one = Collector.accepting();
    Collector two = Collector.accepting();
    aws.receive(queue, 2, one);
    aws.receive(queue, 2, two);

    for (int i = 0; i < 30; i++) {
      aws.sendAndWait(queue, Aws.message("m" + i));
    }

    await().atMost(PATIENCE).until(() -> one.deliveries.size() + two.deliveries.size() == 30);
    await().atMost(PATIENCE).until(() -> aws.count(queue) == 0);
    Set<String> texts = new HashSet<>();
    one.deliveries.forEach(delivery -> texts.add(Collector.text(delivery)));
    two.deliveries.forEach(delivery -> texts.add(Collector.text(delivery)));
    assertThat(texts).hasSize(30);
  }

  @Test
  void eachSubscriptionGetsACopyOfWhatWasPublishedAfterItWasMade() {
    Topic topic = new Topic(Aws.unique("topic"), false);
    Subscription first = aws.subscription(topic, "first");
    aws.sendAndWait(topic, Aws.message("1"));
    Subscription second = aws.subscription(topic, "second");
    aws.sendAndWait(topic, Aws.message("2"));
    Collector ofFirst = Collector.accepting();
    Collector ofSecond = Collector.accepting();

    aws.receive(first, 5, ofFirst);
    aws.receive(second, 5, ofSecond);

    assertThat(ofFirst.next(2).stream().map(Collector::text)).containsExactlyInAnyOrder("1", "2");
    assertThat(Collector.text(ofSecond.next())).isEqualTo("2");
    assertThat(ofSecond.deliveries).isEmpty();
  }

  @Test
  void neverAreMoreDeliveriesOpenThanTheCreditAllows() {
    Queue queue = aws.queue(false);
    for (int i = 0; i < 12; i++) {
      aws.sendAndWait(queue, Aws.message("m" + i));
    }
    Collector collector = new Collector();
    Receiver receiver = aws.receive(queue, 5, collector);

    List<Delivery> open = collector.next(5);
    Aws.waitsForCredit(receiver);
    assertThat(collector.deliveries).isEmpty();
    Aws.accept(open.get(0));
    Aws.accept(open.get(1));

    collector.next(2);
    Aws.waitsForCredit(receiver);
    Collector other = Collector.accepting();
    aws.receive(queue, 10, other);
    other.next(5); // what is left for others
    assertThat(collector.deliveries).isEmpty();
  }

  @Test
  void aPausedReceiverTakesNothingUntilItIsResumed() {
    Queue queue = aws.queue(false);
    Collector collector = new Collector();
    Receiver receiver = aws.receive(queue, 5, collector);
    aws.sendAndWait(queue, Aws.message("before"));
    Delivery before = collector.next();

    receiver.pause();
    Aws.waitsForCredit(receiver);
    aws.sendAndWait(queue, Aws.message("for the other"));
    Collector ofOther = Collector.accepting();
    Receiver other = aws.receive(queue, 5, ofOther);
    assertThat(Collector.text(ofOther.next())).isEqualTo("for the other");
    other.close();
    assertThat(collector.deliveries).isEmpty();
    assertThat(Aws.settle(before, Settlement.accept())).isEqualTo(Result.SETTLED);
    aws.sendAndWait(queue, Aws.message("after"));
    Aws.waitsForCredit(receiver);
    receiver.resume();

    assertThat(Collector.text(collector.next())).isEqualTo("after");
  }

  @Test
  void whatThePollOfAnIdleReceiverBringsDuringAPauseIsForOthers() {
    CompletableFuture<List<ReceivedMessage>> poll = new CompletableFuture<>();
    try (ScriptedAws scripted = new ScriptedAws()) {
      when(scripted.port.receive(any())).thenReturn(poll).thenReturn(scripted.waiting);
      Collector collector = new Collector();
      Receiver receiver = scripted.connection.receive(new Queue("q", false), 5, collector);
      await().atMost(PATIENCE).until(() -> ((AwsReceiver) receiver).isPolling());

      receiver.pause();
      poll.complete(List.of(ScriptedAws.received("late", "g")));

      verify(scripted.port, timeout(PATIENCE.toMillis()))
          .hide(anyString(), eq(List.of(new AwsPort.Hiding("receipt-late", 0))), any());
      assertThat(collector.deliveries).isEmpty();
      receiver.resume();
      await().atMost(PATIENCE).until(() -> ((AwsReceiver) receiver).isPolling());
    }
  }

  @Test
  void afterStopNothingIsDeliveredAndOpenDeliveriesCanBeSettled() {
    Queue queue = aws.queue(false);
    Collector collector = new Collector();
    Receiver receiver = aws.receive(queue, 5, collector);
    aws.sendAndWait(queue, Aws.message("1"));
    Delivery open = collector.next();

    receiver.stop();
    aws.sendAndWait(queue, Aws.message("2"));
    Collector next = Collector.accepting();
    aws.receive(queue, 5, next);

    assertThat(Collector.text(next.next())).isEqualTo("2");
    assertThat(collector.deliveries).isEmpty();
    assertThat(open.isOwned()).isTrue();
    assertThat(Aws.settle(open, Settlement.accept())).isEqualTo(Result.SETTLED);
    receiver.close();
  }

  @Test
  void closeGivesOpenDeliveriesBackAtOnceAndLeavesNoThread() {
    Aws other = Aws.connect();
    Queue queue = other.queue(false);
    List<String> threads = new ArrayList<>();
    Collector collector = new Collector();
    Receiver receiver = other.receive(queue, 5, collector);
    other.sendAndWait(queue, Aws.message("1"));
    Delivery open = collector.next();
    waybillThreads().stream().filter(name -> name.contains(queue.name())).forEach(threads::add);

    receiver.close();
    receiver.close();

    assertThat(open.isOwned()).isFalse();
    assertThat(Aws.settle(open, Settlement.accept())).isEqualTo(Result.NOT_OWNED);
    assertThat(threads).hasSize(1);
    assertThat(waybillThreads()).doesNotContainAnyElementsOf(threads);
    Collector next = Collector.accepting();
    aws.receive(queue, 5, next);
    Delivery again = next.next(Duration.ofSeconds(10));
    assertThat(again.attempt()).isEqualTo(2);
    other.close();
    other.close();
    assertThat(Aws.settle(open, Settlement.accept())).isEqualTo(Result.NOT_OWNED);
  }

  private static List<String> waybillThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("waybill-aws"))
        .toList();
  }
}
