package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TimingTest {
  private static final Duration LEASE = Duration.ofSeconds(30);

  private final Scene scene = new Scene(Scene.QUEUE, Scene.KEYED, Scene.BILLING);

  @AfterEach
  void close() {
    scene.close();
  }

  @Test
  void aDelayedMessageIsConfirmedAtOnceAndDeliveredNotBefore() {
    Listening listening = scene.listen(Scene.QUEUE);
    send("late", Duration.ofDays(400));
    assertThat(scene.broker.waiting("payments")).isEqualTo(1);

    scene.clock.advance(Duration.ofDays(400).minusNanos(1));
    assertThat(listening.arrived).isEmpty();

    scene.clock.advance(Duration.ofNanos(1));
    assertThat(listening.arrived).hasSize(1);
    assertThat(listening.next().attempt()).isEqualTo(1);
  }

  @Test
  void delaysEndInTheOrderOfTheirTimes() {
    Listening listening = scene.listen(Scene.QUEUE);
    send("third", Duration.ofSeconds(3));
    send("first", Duration.ofSeconds(1));
    send("second", Duration.ofSeconds(2));
    scene.send(Scene.QUEUE, "now");

    scene.clock.advance(Duration.ofSeconds(10));

    assertThat(Listening.texts(List.copyOf(listening.arrived)))
        .containsExactly("now", "first", "second", "third");
  }

  @Test
  void delaysEndInTheirOrderThoughNobodyReceives() {
    send("second", Duration.ofSeconds(2));
    send("first", Duration.ofSeconds(1));
    scene.clock.advance(Duration.ofSeconds(10));
    scene.send(Scene.QUEUE, "third");

    assertThat(Listening.texts(scene.listen(Scene.QUEUE).next(3)))
        .containsExactly("first", "second", "third");
  }

  @Test
  void aDelayedMessageTakesItsPlaceInItsKeyWhenItArrives() {
    Listening listening = scene.listen(Scene.KEYED);
    scene.send(Scene.KEYED, Scene.message("late", "k", Duration.ofSeconds(1)));
    scene.send(Scene.KEYED, "k", "early");
    Delivery early = listening.next();
    scene.clock.advance(Duration.ofSeconds(1));
    assertThat(listening.arrived).isEmpty();

    Scene.accept(early);

    assertThat(Listening.text(listening.next())).isEqualTo("late");
  }

  @Test
  void aDelayedEventReachesTheSubscriptionsThereWereWhenItWasPublished() {
    scene.send(Scene.TOPIC, Scene.message("late", null, Duration.ofSeconds(1)));
    scene.connection.prepare(Scene.topology(Scene.STOCK), Topology.Mode.CREATE);
    Listening billing = scene.listen(Scene.BILLING);
    Listening stock = scene.listen(Scene.STOCK);

    scene.clock.advance(Duration.ofSeconds(1));

    assertThat(billing.arrived).hasSize(1);
    assertThat(stock.arrived).isEmpty();
  }

  @Test
  void aReleasedMessageWaitsItsTimeAndGivesItsCreditBackMeanwhile() {
    Listening listening = scene.listen(Scene.QUEUE, 1);
    scene.send(Scene.QUEUE, "failing");
    scene.send(Scene.QUEUE, "other");
    Scene.release(listening.next(), Duration.ofSeconds(10));
    Scene.accept(listening.next());

    scene.clock.advance(Duration.ofSeconds(9));
    assertThat(listening.arrived).isEmpty();
    scene.clock.advance(Duration.ofSeconds(1));

    Delivery again = listening.next();
    assertThat(Listening.text(again)).isEqualTo("failing");
    assertThat(again.attempt()).isEqualTo(2);
  }

  @Test
  void aWaitingMessageSurvivesItsReceiver() {
    Listening first = new Listening();
    Receiver receiver = scene.receive(Scene.QUEUE, 1, first);
    scene.send(Scene.QUEUE, "m");
    Scene.release(first.next(), Duration.ofSeconds(10));
    receiver.close();
    scene.clock.advance(Duration.ofSeconds(10));

    assertThat(scene.listen(Scene.QUEUE).next().attempt()).isEqualTo(2);
  }

  @Test
  void aLeaseThatEndsMakesTheMessageAnothersAsOneMoreAttempt() {
    try (TransportConnection leased = leased()) {
      Listening slow = new Listening();
      leased.receive(Scene.QUEUE, 1, slow);
      scene.send(Scene.QUEUE, "m");
      Delivery lost = slow.next();
      Listening other = scene.listen(Scene.QUEUE);

      scene.clock.advance(LEASE.minusNanos(1));
      assertThat(lost.isOwned()).isTrue();
      scene.clock.advance(Duration.ofNanos(1));

      assertThat(lost.isOwned()).isFalse();
      assertThat(Scene.accept(lost)).isEqualTo(Settlement.Result.NOT_OWNED);
      lost.renewLease();
      assertThat(lost.isOwned()).isFalse();
      assertThat(slow.arrived.size() + other.arrived.size()).isEqualTo(1);
      Delivery again = slow.arrived.isEmpty() ? other.next() : slow.next();
      assertThat(again.attempt()).isEqualTo(2);
      assertThat(Scene.accept(again)).isEqualTo(Settlement.Result.SETTLED);
    }
  }

  @Test
  void aRenewedLeaseLastsFromTheRenewal() {
    try (TransportConnection leased = leased()) {
      Listening listening = new Listening();
      leased.receive(Scene.QUEUE, 5, listening);
      scene.send(Scene.QUEUE, "renewed");
      scene.send(Scene.QUEUE, "lost");
      List<Delivery> open = listening.next(2);

      scene.clock.advance(LEASE.dividedBy(2));
      open.get(0).renewLease();
      scene.clock.advance(LEASE.dividedBy(2));

      assertThat(open.get(0).isOwned()).isTrue();
      assertThat(open.get(1).isOwned()).isFalse();
      assertThat(Listening.text(listening.next())).isEqualTo("lost");
      scene.clock.advance(LEASE.dividedBy(2));
      assertThat(open.get(0).isOwned()).isFalse();
    }
  }

  @Test
  void aStoppedReceiversLeasesEndToo() {
    try (TransportConnection leased = leased()) {
      Listening listening = new Listening();
      Receiver receiver = leased.receive(Scene.QUEUE, 1, listening);
      scene.send(Scene.QUEUE, "m");
      listening.next();
      receiver.stop();
      Listening other = scene.listen(Scene.QUEUE);

      scene.clock.advance(LEASE);

      assertThat(other.arrived).hasSize(1);
    }
  }

  private TransportConnection leased() {
    return InMemoryTransport.builder()
        .broker(scene.broker)
        .leaseDuration(LEASE)
        .build()
        .connect(Scene.DEADLINE);
  }

  private void send(String text, Duration delay) {
    scene.send(Scene.QUEUE, Scene.message(text, null, delay));
  }
}
