package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Subscription;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Topology;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReceivingTest {
  private final Scene scene =
      new Scene(Scene.QUEUE, Scene.BILLING, Scene.STOCK, Scene.QUEUE.deadLetterQueue());

  @AfterEach
  void close() {
    scene.close();
  }

  @Test
  void aQueueIsReceivedInTheOrderOfSending() {
    List<String> sent = IntStream.range(0, 1_000).mapToObj(i -> "m" + i).toList();
    sent.forEach(text -> scene.send(Scene.QUEUE, text));

    Listening listening = scene.listen(Scene.QUEUE, 1_000);

    assertThat(Listening.texts(listening.next(1_000))).isEqualTo(sent);
  }

  @Test
  void oneOfTwoReceiversGetsAMessage() {
    Listening one = scene.listen(Scene.QUEUE, 5);
    Listening two = scene.listen(Scene.QUEUE, 5);

    for (int i = 0; i < 10; i++) {
      scene.send(Scene.QUEUE, "m" + i);
    }
    scene.settleDown();

    assertThat(one.arrived).hasSize(5);
    assertThat(two.arrived).hasSize(5);
    List<Delivery> all = new ArrayList<>(one.arrived);
    all.addAll(two.arrived);
    assertThat(Listening.texts(all)).doesNotHaveDuplicates();
  }

  @Test
  void everySubscriptionGetsACopyAndItsReceiversShare() {
    Listening billing = scene.listen(Scene.BILLING);
    Listening stockOne = scene.listen(Scene.STOCK, 1);
    Listening stockTwo = scene.listen(Scene.STOCK, 1);

    scene.send(Scene.TOPIC, "a");
    scene.send(Scene.TOPIC, "b");
    scene.settleDown();

    assertThat(Listening.texts(billing.next(2))).containsExactly("a", "b");
    assertThat(List.of(Listening.text(stockOne.next()), Listening.text(stockTwo.next())))
        .containsExactlyInAnyOrder("a", "b");
  }

  @Test
  void aSubscriptionGetsWhatIsPublishedAfterItWasMadeThoughNobodyReceives() {
    scene.send(Scene.TOPIC, "before");
    Subscription late = new Subscription(Scene.TOPIC, "late");
    scene.connection.prepare(Scene.topology(late), Topology.Mode.CREATE);
    scene.send(Scene.TOPIC, "after");

    Listening listening = scene.listen(late);
    scene.settleDown();

    assertThat(Listening.texts(List.copyOf(listening.arrived))).containsExactly("after");
  }

  @Test
  void settlingInOneSubscriptionLeavesTheOthersCopy() {
    scene.send(Scene.TOPIC, "m");
    Scene.accept(scene.listen(Scene.BILLING).next());

    assertThat(scene.broker.size("orders.billing")).isZero();
    assertThat(scene.broker.size("orders.stock")).isEqualTo(1);
  }

  @Test
  void noMoreThanTheCreditIsOpen() {
    for (int i = 0; i < 10; i++) {
      scene.send(Scene.QUEUE, "m" + i);
    }
    Listening listening = scene.listen(Scene.QUEUE, 3);
    scene.settleDown();
    assertThat(listening.arrived).hasSize(3);

    Scene.accept(listening.next());
    scene.settleDown();

    assertThat(listening.arrived).hasSize(3);
    assertThat(scene.broker.unsettled("payments")).isEqualTo(3);
    assertThat(scene.broker.size("payments")).isEqualTo(9);
  }

  @Test
  void aReceiverWithoutCreditLeavesMessagesToTheOther() {
    Listening full = scene.listen(Scene.QUEUE, 1);
    scene.send(Scene.QUEUE, "held");
    full.next();
    Listening free = scene.listen(Scene.QUEUE, 1);

    scene.send(Scene.QUEUE, "m");

    assertThat(Listening.text(free.next())).isEqualTo("m");
  }

  @Test
  void aPausedReceiverGetsNothingNewAndKeepsWhatItHas() {
    Listening listening = new Listening();
    Receiver receiver = scene.receive(Scene.QUEUE, 10, listening);
    scene.send(Scene.QUEUE, "one");
    Delivery one = listening.next();

    receiver.pause();
    scene.send(Scene.QUEUE, "two");
    scene.settleDown();

    assertThat(listening.arrived).isEmpty();
    assertThat(one.isOwned()).isTrue();

    receiver.resume();
    assertThat(Listening.text(listening.next())).isEqualTo("two");
  }

  @Test
  void aPausedReceiverLeavesMessagesToTheOther() {
    Receiver paused = scene.receive(Scene.QUEUE, 10, new Listening());
    Listening other = scene.listen(Scene.QUEUE, 10);
    scene.settleDown();
    paused.pause();

    for (int i = 0; i < 5; i++) {
      scene.send(Scene.QUEUE, "m" + i);
    }

    assertThat(other.next(5)).hasSize(5);
  }

  @Test
  void aMessageIsHandedOverOnTheThreadThatSendsIt() {
    CompletableFuture<String> thread = new CompletableFuture<>();
    scene.receive(
        Scene.QUEUE,
        1,
        new Handing() {
          @Override
          public void delivered(Delivery delivery) {
            thread.complete(Thread.currentThread().getName());
          }
        });
    Scene.awaitIdle(Scene.QUEUE);

    scene.send(Scene.QUEUE, "m");

    assertThat(thread.join()).isEqualTo(Thread.currentThread().getName());
  }

  @Test
  void aListenerThatThrowsDoesNotEndReceiving() {
    Listening inner = new Listening();
    CompletableFuture<Void> thrown = new CompletableFuture<>();
    scene.receive(
        Scene.QUEUE,
        10,
        new Handing() {
          @Override
          public void delivered(Delivery delivery) {
            if (Listening.text(delivery).equals("bad")) {
              thrown.complete(null);
              throw new IllegalStateException("a listener must not");
            }
            inner.delivered(delivery);
          }
        });
    scene.send(Scene.QUEUE, "bad");
    thrown.join();
    scene.send(Scene.QUEUE, "good");

    assertThat(Listening.text(inner.next())).isEqualTo("good");
    assertThat(scene.broker.size("payments")).isEqualTo(2);
  }

  @Test
  void aSourceThatIsMissingIsReportedOnceAndReceivedFromOnceItExists() {
    Queue later = new Queue("later", false);
    Listening listening = scene.listen(later);

    MessagingException problem = Listening.within(listening.failures);
    assertThat(problem.code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(problem)
        .hasMessage(
            "The in-memory broker has no queue later: prepare it with topology CREATE; receiving begins once it exists.");

    scene.connection.prepare(Scene.topology(later), Topology.Mode.CREATE);
    scene.send(later, "m");

    assertThat(Listening.text(listening.next())).isEqualTo("m");
    assertThat(listening.recoveries).containsExactly("waybill-inmemory-later");
    assertThat(listening.failures).isEmpty();
  }

  @Test
  void manyReceiversUnderLoadLoseAndDoubleNothing() {
    List<String> received = java.util.Collections.synchronizedList(new ArrayList<>());
    for (int i = 0; i < 4; i++) {
      scene.receive(Scene.QUEUE, 1 + i, new Accepting(received));
    }

    IntStream.range(0, 20_000).parallel().forEach(i -> scene.send(Scene.QUEUE, "m" + i));

    await().until(() -> scene.broker.size("payments") == 0);
    assertThat(received).hasSize(20_000).doesNotHaveDuplicates();
  }

  /** Accepts at once, on the receiver's thread. */
  private record Accepting(List<String> received) implements Handing {
    @Override
    public void delivered(Delivery delivery) {
      received.add(Listening.text(delivery));
      Scene.accept(delivery);
    }
  }
}
