package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KeyOrderTest {
  private final Scene scene = new Scene(Scene.KEYED);

  @AfterEach
  void close() {
    scene.close();
  }

  @Test
  void oneMessageOfAKeyIsOutAtATimeOverAllReceivers() {
    Listening one = scene.listen(Scene.KEYED);
    Listening two = scene.listen(Scene.KEYED);
    scene.send(Scene.KEYED, "a", "a1");
    scene.send(Scene.KEYED, "a", "a2");
    scene.send(Scene.KEYED, "b", "b1");
    scene.settleDown();

    assertThat(one.arrived.size() + two.arrived.size()).isEqualTo(2);
    assertThat(scene.broker.unsettled("orders-in")).isEqualTo(2);
    assertThat(scene.broker.size("orders-in")).isEqualTo(3);
  }

  @Test
  void theNextOfAKeyComesWhenTheOneBeforeIsAccepted() {
    Listening listening = scene.listen(Scene.KEYED);
    for (int i = 1; i <= 3; i++) {
      scene.send(Scene.KEYED, "a", "a" + i);
    }

    for (int i = 1; i <= 3; i++) {
      Delivery delivery = listening.next();
      assertThat(Listening.text(delivery)).isEqualTo("a" + i);
      scene.settleDown();
      assertThat(listening.arrived).isEmpty();
      Scene.accept(delivery);
    }
    assertThat(scene.broker.size("orders-in")).isZero();
  }

  @Test
  void theNextOfAKeyIsHandedOverOnTheThreadThatSettlesTheOneBefore() throws Exception {
    BlockingQueue<Delivery> arrived = new LinkedBlockingQueue<>();
    Map<String, Thread> threads = new ConcurrentHashMap<>();
    scene.receive(
        Scene.KEYED,
        10,
        (Handing)
            delivery -> {
              threads.put(Listening.text(delivery), Thread.currentThread());
              arrived.add(delivery);
            });
    Scene.awaitIdle(Scene.KEYED);
    scene.send(Scene.KEYED, "key", "first");
    scene.send(Scene.KEYED, "key", "second");
    Thread settling = new Thread(() -> Scene.accept(Listening.within(arrived)));
    settling.start();
    settling.join();

    assertThat(Listening.text(Listening.within(arrived))).isEqualTo("second");
    assertThat(threads)
        .containsEntry("first", Thread.currentThread())
        .containsEntry("second", settling);
  }

  @Test
  void aKeyThatWasDoneWithBeginsAnew() {
    Listening listening = scene.listen(Scene.KEYED);
    scene.send(Scene.KEYED, "a", "a1");
    Scene.accept(listening.next());

    scene.send(Scene.KEYED, "a", "a2");

    assertThat(Listening.text(listening.next())).isEqualTo("a2");
  }

  @Test
  void theOrderOfSendingIsKeptOverKeysToo() {
    for (String text : List.of("a1", "a2", "b1", "a3", "b2")) {
      scene.send(Scene.KEYED, text.substring(0, 1), text);
    }
    Listening listening = scene.listen(Scene.KEYED, 1);

    for (String text : List.of("a1", "a2", "b1", "a3", "b2")) {
      Delivery delivery = listening.next();
      assertThat(Listening.text(delivery)).isEqualTo(text);
      Scene.accept(delivery);
    }
  }

  @Test
  void aReleasedHeadStaysTheHead() {
    Listening listening = scene.listen(Scene.KEYED);
    scene.send(Scene.KEYED, "a", "a1");
    scene.send(Scene.KEYED, "a", "a2");

    Scene.release(listening.next(), Duration.ZERO);

    Delivery again = listening.next();
    assertThat(Listening.text(again)).isEqualTo("a1");
    Scene.accept(again);
    assertThat(Listening.text(listening.next())).isEqualTo("a2");
  }

  @Test
  void aHeadThatWaitsHoldsBackItsKeyAndNoOther() {
    Listening listening = scene.listen(Scene.KEYED);
    scene.send(Scene.KEYED, "a", "a1");
    scene.send(Scene.KEYED, "a", "a2");
    Scene.release(listening.next(), Duration.ofMinutes(1));
    scene.send(Scene.KEYED, "b", "b1");
    assertThat(Listening.text(listening.next())).isEqualTo("b1");

    scene.clock.advance(Duration.ofSeconds(59));
    assertThat(listening.arrived).isEmpty();

    scene.clock.advance(Duration.ofSeconds(1));
    assertThat(Listening.texts(List.copyOf(listening.arrived))).containsExactly("a1");
    assertThat(listening.next().attempt()).isEqualTo(2);
  }

  @Test
  void aRejectedHeadLetsTheNextGo() {
    Listening listening = scene.listen(Scene.KEYED);
    scene.send(Scene.KEYED, "a", "a1");
    scene.send(Scene.KEYED, "a", "a2");

    Scene.reject(listening.next(), Map.of());

    assertThat(Listening.text(listening.next())).isEqualTo("a2");
  }

  @Test
  void anotherReceiverGoesOnWithTheHeadOfOneThatClosed() {
    Listening first = new Listening();
    Receiver receiver = scene.receive(Scene.KEYED, 10, first);
    scene.send(Scene.KEYED, "a", "a1");
    scene.send(Scene.KEYED, "a", "a2");
    first.next();
    Listening second = scene.listen(Scene.KEYED);

    receiver.close();

    Delivery again = second.next();
    assertThat(Listening.text(again)).isEqualTo("a1");
    assertThat(again.attempt()).isEqualTo(2);
    Scene.accept(again);
    assertThat(Listening.text(second.next())).isEqualTo("a2");
  }

  @Test
  void messagesWithoutAKeyWaitForNone() {
    Listening listening = scene.listen(Scene.KEYED);
    scene.send(Scene.KEYED, "one");
    scene.send(Scene.KEYED, "two");

    assertThat(Listening.texts(listening.next(2))).containsExactly("one", "two");
  }

  @Test
  void aSubscriptionOfAKeyedTopicKeepsTheOrderToo() {
    Topic topic = new Topic("keyed-topic", true);
    Subscription subscription = new Subscription(topic, "s");
    scene.connection.prepare(
        Scene.topology(subscription), dev.waybill.transport.Topology.Mode.CREATE);
    Listening listening = scene.listen(subscription);
    scene.send(topic, "a", "a1");
    scene.send(topic, "a", "a2");
    scene.settleDown();

    assertThat(listening.arrived).hasSize(1);
  }

  @Test
  void aQueueWithoutOrderPerKeyHandsOutAKeysMessagesTogether() {
    scene.connection.prepare(
        Scene.topology(Scene.QUEUE), dev.waybill.transport.Topology.Mode.CREATE);
    Listening listening = scene.listen(Scene.QUEUE);
    scene.send(Scene.QUEUE, "a", "a1");
    scene.send(Scene.QUEUE, "a", "a2");

    assertThat(listening.next(2)).hasSize(2);
  }

  /** Random outcomes over coming and going receivers; each key's handling stays in order, alone. */
  @Test
  void theOrderSurvivesReleasesAndReceiversThatComeAndGo() {
    int keys = 20;
    int perKey = 50;
    Random random = new Random(42);
    BlockingQueue<Delivery> work = new LinkedBlockingQueue<>();
    Receiver.Listener listener =
        new Handing() {
          @Override
          public void delivered(Delivery delivery) {
            work.add(delivery);
          }
        };
    IntStream.range(0, keys * perKey)
        .forEach(i -> scene.send(Scene.KEYED, "k" + i % keys, "" + i / keys));
    Map<String, Integer> handled = new HashMap<>();
    Receiver lasting = scene.receive(Scene.KEYED, 8, listener);
    Receiver passing = scene.receive(Scene.KEYED, 8, listener);
    Set<Delivery> settled = new HashSet<>();
    while (scene.broker.size("orders-in") > 0) {
      if (random.nextInt(100) == 0) {
        passing.close();
        passing = scene.receive(Scene.KEYED, 8, listener);
      }
      Delivery delivery = Listening.within(work);
      if (!delivery.isOwned()) {
        continue;
      }
      assertThat(settled.add(delivery)).isTrue();
      String key = delivery.message().key();
      assertThat(Integer.parseInt(Listening.text(delivery)))
          .isEqualTo(handled.getOrDefault(key, 0));
      if (random.nextInt(3) == 0) {
        Scene.release(delivery, Duration.ZERO);
      } else {
        Scene.accept(delivery);
        handled.merge(key, 1, Integer::sum);
      }
    }
    assertThat(handled).hasSize(keys).containsValue(perKey);
    assertThat(Set.copyOf(handled.values())).containsExactly(perKey);
    lasting.close();
    await().until(() -> scene.broker.unsettled("orders-in") == 0);
  }
}
