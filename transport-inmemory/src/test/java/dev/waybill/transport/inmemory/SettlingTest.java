package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SettlingTest {
  private final Scene scene = new Scene(Scene.QUEUE);
  private final Listening listening = new Listening();
  private final Receiver receiver = scene.receive(Scene.QUEUE, 10, listening);

  @AfterEach
  void close() {
    scene.close();
  }

  @Test
  void anAcceptedMessageIsGone() {
    scene.send(Scene.QUEUE, "m");

    Delivery delivery = listening.next();
    assertThat(delivery.attempt()).isEqualTo(1);
    assertThat(delivery.isOwned()).isTrue();
    assertThat(Scene.accept(delivery)).isEqualTo(Settlement.Result.SETTLED);
    assertThat(scene.broker.size("payments")).isZero();
  }

  @Test
  void theFirstOfTwoSettlementsCounts() {
    scene.send(Scene.QUEUE, "m");
    Delivery delivery = listening.next();
    Scene.accept(delivery);

    assertThat(Scene.release(delivery, Duration.ZERO)).isEqualTo(Settlement.Result.SETTLED);
    assertThat(Scene.reject(delivery, Map.of())).isEqualTo(Settlement.Result.SETTLED);
    assertThat(scene.broker.size("payments")).isZero();
    assertThat(scene.broker.size("payments.dlq")).isZero();
  }

  @Test
  void aReleasedMessageComesBackAsTheAttemptAfterThoseMade() {
    scene.send(Scene.QUEUE, "m");

    Delivery first = listening.next();
    Scene.settle(first, new Settlement.Release(Duration.ZERO, 1));
    Delivery second = listening.next();
    assertThat(second.attempt()).isEqualTo(2);
    assertThat(second.brokerId()).isEqualTo(first.brokerId());

    Scene.settle(second, new Settlement.Release(Duration.ZERO, 1));
    assertThat(listening.next().attempt()).as("a release that counts nothing").isEqualTo(2);
  }

  @Test
  void aReleasedMessageGoesBackToItsPlace() {
    receiver.pause();
    scene.send(Scene.QUEUE, "a");
    scene.send(Scene.QUEUE, "b");
    scene.send(Scene.QUEUE, "c");
    Listening one = new Listening();
    try (Receiver single = scene.receive(Scene.QUEUE, 2, one)) {
      List<Delivery> open = one.next(2);
      single.pause();
      Scene.release(open.get(1), Duration.ZERO);
      Scene.release(open.get(0), Duration.ZERO);
    }

    receiver.resume();

    assertThat(Listening.texts(listening.next(3))).containsExactly("a", "b", "c");
  }

  @Test
  void aRejectedMessageIsDeadLetteredAsReceivedWithTheEvidence() {
    WireMessage sent =
        new WireMessage(
            new byte[] {0, 1, (byte) 255},
            "application/json",
            Map.of("id", "m-1"),
            Map.of("wb-a", "b"),
            "k",
            null);
    scene.send(Scene.QUEUE, sent);

    assertThat(Scene.reject(listening.next(), Map.of("waybill-reason", "ünreadable")))
        .isEqualTo(Settlement.Result.SETTLED);

    assertThat(scene.broker.size("payments")).isZero();
    Delivery dead = scene.listen(Scene.QUEUE.deadLetterQueue()).next();
    assertThat(dead.attempt()).isEqualTo(1);
    assertThat(dead.message().body()).containsExactly(sent.body());
    assertThat(dead.message().contentType()).isEqualTo("application/json");
    assertThat(dead.message().attributes()).isEqualTo(sent.attributes());
    assertThat(dead.message().key()).isEqualTo("k");
    assertThat(dead.message().headers())
        .isEqualTo(Map.of("wb-a", "b", "waybill-reason", "ünreadable"));
  }

  @Test
  void aMessageThatCannotBeDeadLetteredIsKeptAndCanBeRejectedLater() {
    Delivery dead = deadLetter();

    CompletionException failure =
        catchThrowableOfType(CompletionException.class, () -> Scene.reject(dead, Map.of()));

    assertThat(((MessagingException) failure.getCause()).code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(failure.getCause())
        .hasMessage(
            "payments.dlq@1 can't be dead-lettered and is kept: the in-memory broker has no queue 'payments.dlq.dlq'; prepare it with topology CREATE.");
    assertThat(dead.isOwned()).isTrue();
    assertThat(scene.broker.size("payments.dlq")).isEqualTo(1);

    scene.connection.prepare(Scene.topology(Scene.QUEUE.deadLetterQueue()), Topology.Mode.CREATE);
    assertThat(Scene.reject(dead, Map.of())).isEqualTo(Settlement.Result.SETTLED);
    assertThat(scene.broker.size("payments.dlq")).isZero();
    assertThat(scene.broker.size("payments.dlq.dlq")).isEqualTo(1);
  }

  @Test
  void aSettledDeadLetterStaysSettledWithoutADeadLetterQueueOfItsOwn() {
    Delivery dead = deadLetter();
    Scene.accept(dead);

    assertThat(Scene.reject(dead, Map.of())).isEqualTo(Settlement.Result.SETTLED);
  }

  @Test
  void aReceiverThatClosesGivesBackWhatIsOpenInItsOrderAsOneMoreAttempt() {
    for (String text : List.of("a", "b", "c", "d")) {
      scene.send(Scene.QUEUE, text);
    }
    List<Delivery> open = listening.next(4);
    Scene.accept(open.get(1));

    receiver.close();

    assertThat(open.get(0).isOwned()).isFalse();
    assertThat(Scene.accept(open.get(0))).isEqualTo(Settlement.Result.NOT_OWNED);
    assertThat(Scene.reject(open.get(0), Map.of())).isEqualTo(Settlement.Result.NOT_OWNED);
    assertThat(scene.broker.size("payments")).isEqualTo(3);
    List<Delivery> again = scene.listen(Scene.QUEUE).next(3);
    assertThat(Listening.texts(again)).containsExactly("a", "c", "d");
    assertThat(again).extracting(Delivery::attempt).containsOnly(2);
  }

  @Test
  void aConnectionThatClosesGivesBackWhatIsOpen() {
    scene.send(Scene.QUEUE, "m");
    Delivery lost = listening.next();

    scene.connection.close();

    assertThat(lost.isOwned()).isFalse();
    Listening other = new Listening();
    try (var connection = scene.broker.transport().connect(Scene.DEADLINE)) {
      connection.receive(Scene.QUEUE, 1, other);
      Delivery again = other.next();
      assertThat(again.attempt()).isEqualTo(2);
      assertThat(Scene.accept(lost)).isEqualTo(Settlement.Result.NOT_OWNED);
      assertThat(Scene.accept(again)).isEqualTo(Settlement.Result.SETTLED);
    }
  }

  @Test
  void aReceiverThatStopsKeepsWhatIsOpenAndCanSettleIt() {
    scene.send(Scene.QUEUE, "one");
    Delivery one = listening.next();

    receiver.stop();
    scene.send(Scene.QUEUE, "two");

    assertThat(one.isOwned()).isTrue();
    assertThat(Scene.accept(one)).isEqualTo(Settlement.Result.SETTLED);
    assertThat(listening.arrived).isEmpty();
    assertThat(scene.broker.size("payments")).isEqualTo(1);
  }

  private Delivery deadLetter() {
    scene.send(Scene.QUEUE, "m");
    Scene.reject(listening.next(), Map.of());
    return scene.listen(Scene.QUEUE.deadLetterQueue()).next();
  }
}
