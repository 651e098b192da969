package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What only happens when time goes on by itself. */
class RealTimeTest {
  private static final Duration LEASE = Duration.ofMillis(40);

  private final InMemoryBroker broker = InMemoryBroker.create();
  private final TransportConnection connection = broker.transport().connect(Scene.DEADLINE);
  private final TransportConnection leased =
      InMemoryTransport.builder()
          .broker(broker)
          .leaseDuration(LEASE)
          .build()
          .connect(Scene.DEADLINE);
  private final Listening listening = new Listening();

  RealTimeTest() {
    connection.prepare(Scene.topology(Scene.QUEUE), Topology.Mode.CREATE);
  }

  @AfterEach
  void close() {
    connection.close();
    leased.close();
  }

  @Test
  void aReceiverThatSleepsForOneDelayWakesForAShorterOne() {
    connection.receive(Scene.QUEUE, 1, listening);
    awaitState(Thread.State.WAITING);
    send("long", Duration.ofMinutes(10));
    awaitState(Thread.State.TIMED_WAITING);
    long sent = System.nanoTime();
    send("short", Duration.ofMillis(50));

    assertThat(Listening.text(listening.next())).isEqualTo("short");
    assertThat(since(sent)).isGreaterThanOrEqualTo(Duration.ofMillis(50));
    assertThat(broker.waiting("payments")).isEqualTo(1);
  }

  @Test
  void aReleasedMessageComesBackNotBeforeItsTime() {
    connection.receive(Scene.QUEUE, 1, listening);
    send("m", null);
    Delivery first = listening.next();
    long released = System.nanoTime();
    Scene.release(first, Duration.ofMillis(50));

    assertThat(listening.next().attempt()).isEqualTo(2);
    assertThat(since(released)).isGreaterThanOrEqualTo(Duration.ofMillis(50));
  }

  @Test
  void aDelayThatEndedUnseenStillEndedFirst() {
    send("delayed", Duration.ofMillis(2));
    long sent = System.nanoTime();
    await().until(() -> since(sent).compareTo(Duration.ofMillis(3)) > 0);
    send("sent after the delay", null);

    connection.receive(Scene.QUEUE, 10, listening);

    assertThat(Listening.texts(listening.next(2)))
        .containsExactly("delayed", "sent after the delay");
  }

  @Test
  void aReceiverLooksForExpiredLeasesByItself() {
    leased.receive(Scene.QUEUE, 1, listening);
    send("m", null);
    Delivery lost = listening.next();

    Delivery again = listening.next();

    assertThat(lost.isOwned()).isFalse();
    assertThat(again.attempt()).isEqualTo(2);
  }

  @Test
  void aLeaseEndsThoughNobodyLooksForIt() {
    Receiver receiver = leased.receive(Scene.QUEUE, 1, listening);
    send("m", null);
    Delivery delivery = listening.next();
    receiver.stop();

    await().until(() -> !delivery.isOwned());
  }

  @Test
  void aLeaseOfWhatASenderHandedOverEndsOnAQuietQueueToo() {
    leased.receive(Scene.QUEUE, 1, listening);
    awaitState(Thread.State.WAITING);
    send("m", null);

    assertThat(listening.next().attempt()).isEqualTo(1);
    assertThat(listening.next().attempt()).isEqualTo(2);
  }

  @Test
  void aReceiverIsWokenThoughItsListenerTookThePermitToPark() {
    send("first", null);
    send("second", null);
    connection.receive(
        Scene.QUEUE,
        1,
        (Handing)
            delivery -> {
              if (Listening.text(delivery).equals("first")) {
                acceptElsewhere(delivery);
                LockSupport.parkNanos(1); // as does whoever waits for a lock
              }
              listening.delivered(delivery);
            });

    assertThat(Listening.texts(listening.next(2))).containsExactly("first", "second");
  }

  private static void acceptElsewhere(Delivery delivery) {
    Thread settling = new Thread(() -> Scene.accept(delivery));
    settling.start();
    try {
      settling.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void send(String text, Duration delay) {
    connection.sender().send(Scene.QUEUE, Scene.message(text, null, delay), Scene.DEADLINE).join();
  }

  private static void awaitState(Thread.State state) {
    await()
        .until(
            () ->
                Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().equals("waybill-inmemory-payments"))
                    .allMatch(thread -> thread.getState() == state));
  }

  private static Duration since(long nanoTime) {
    return Duration.ofNanos(System.nanoTime() - nanoTime);
  }
}
