package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Channel;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Sender.Addressed;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.inmemory.Faults.SendFailure;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FaultsTest {
  private final Scene scene = new Scene(Scene.QUEUE, Scene.KEYED, Scene.BILLING);
  private final Faults faults = scene.broker.faults();

  @AfterEach
  void close() {
    scene.close();
  }

  @Test
  void theNextSendsAreRejectedAndThenSendsAreConfirmedAgain() {
    faults.failNextSends(2, SendFailure.REJECTED);

    for (int i = 0; i < 2; i++) {
      SendException failure = failure(scene.trySend(Scene.QUEUE, "rejected"));
      assertThat(failure.certainty()).isEqualTo(Certainty.REJECTED);
      assertThat(failure.code()).isEqualTo(ErrorCode.BROKER_UNAVAILABLE);
    }
    scene.send(Scene.QUEUE, "stored");
    assertThat(scene.broker.size("payments")).isEqualTo(1);
  }

  @Test
  void anUnknownSendIsStoredOrLostAsItIsPlanned() {
    faults.failNextSends(1, SendFailure.UNKNOWN_LOST);
    assertUnknown(scene.trySend(Scene.QUEUE, "lost"));
    assertThat(scene.broker.size("payments")).isZero();

    faults.failNextSends(1, SendFailure.UNKNOWN_STORED);
    assertUnknown(scene.trySend(Scene.QUEUE, "stored"));
    assertThat(Listening.text(scene.listen(Scene.QUEUE).next())).isEqualTo("stored");
  }

  @Test
  void messagesSentTogetherFailTogether() {
    faults.failNextSends(1, SendFailure.REJECTED);
    Addressed one = new Addressed(Scene.QUEUE, Scene.message("one", null, null));
    Addressed two = new Addressed(Scene.TOPIC, Scene.message("two", null, null));

    failure(scene.connection.sender().sendTogether(List.of(one, two), Scene.DEADLINE));

    assertThat(scene.broker.size("payments")).isZero();
    assertThat(scene.broker.size("orders.billing")).isZero();
    scene.send(Scene.QUEUE, "stored");
  }

  @Test
  void whatIsOpenWhenConnectionsDropComesAgainToReceiversThatReportIt() {
    Listening listening = scene.listen(Scene.QUEUE);
    scene.send(Scene.QUEUE, "open");
    Delivery open = listening.next();

    faults.dropConnections();

    assertThat(open.isOwned()).isFalse();
    assertThat(Scene.accept(open)).isEqualTo(Settlement.Result.NOT_OWNED);
    assertThat(Listening.within(listening.failures).code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    Listening.within(listening.recoveries);
    Delivery again = listening.next();
    assertThat(Listening.text(again)).isEqualTo("open");
    assertThat(again.attempt()).isEqualTo(2);
    assertThat(Scene.accept(again)).isEqualTo(Settlement.Result.SETTLED);
  }

  @Test
  void theClockWaitsUntilReceiversHaveRecovered() {
    Listening listening = scene.listen(Scene.QUEUE);
    for (int drop = 1; drop <= 20; drop++) {
      faults.dropConnections();
      scene.settleDown();
      assertThat(listening.failures).hasSize(drop);
      assertThat(listening.recoveries).hasSize(drop);
    }
  }

  @Test
  void aStoppedBrokerRejectsSendsAndConnectionsAndKeepsItsMessages() {
    Listening listening = scene.listen(Scene.QUEUE);
    scene.send(Scene.QUEUE, "kept");
    listening.next();

    faults.stop();

    SendException failure = failure(scene.trySend(Scene.QUEUE, "rejected"));
    assertThat(failure.certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(failure.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    assertThat(connecting().code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    assertThat(preparing().code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    scene.settleDown();
    assertThat(listening.failures).hasSize(1);
    assertThat(listening.recoveries).isEmpty();
    assertThat(listening.arrived).isEmpty();

    faults.start();
    scene.settleDown();
    assertThat(listening.recoveries).hasSize(1);
    assertThat(Listening.text(listening.next())).isEqualTo("kept");
    scene.send(Scene.QUEUE, "confirmed");
  }

  @Test
  void aReceiverOfAStoppedBrokerBeginsOnceItIsStarted() {
    scene.send(Scene.QUEUE, "kept");
    faults.stop();
    Listening listening = scene.listen(Scene.QUEUE);
    Listening.within(listening.failures);
    faults.start();

    assertThat(Listening.text(listening.next())).isEqualTo("kept");
    assertThat(listening.recoveries).hasSize(1);
  }

  @Test
  void aConnectionToAStoppedBrokerCloses() {
    scene.listen(Scene.QUEUE);
    faults.stop();
    scene.connection.close();

    assertThat(scene.connection.sender().flush(Scene.DEADLINE)).isTrue();
    assertThat(failure(scene.trySend(Scene.QUEUE, "late")).code()).isEqualTo(ErrorCode.CLOSED);
  }

  @Test
  void anAcceptedMessageIsDeliveredOnceMoreAsTheSameAttemptBeforeTheNextOfItsKey() {
    Listening listening = scene.listen(Scene.KEYED);
    faults.duplicateNext(1);
    scene.send(Scene.KEYED, "k", "one");
    scene.send(Scene.KEYED, "k", "two");

    assertThat(Scene.accept(listening.next())).isEqualTo(Settlement.Result.SETTLED);
    Delivery again = listening.next();
    assertThat(Listening.text(again)).isEqualTo("one");
    assertThat(again.attempt()).isEqualTo(1);
    Scene.accept(again);
    Scene.accept(listening.next());
    assertThat(scene.broker.size("orders-in")).isZero();
  }

  @Test
  void aDelayedDeliveryHoldsBackItsKeyAndNoOther() {
    Listening listening = scene.listen(Scene.KEYED);
    faults.delayNext(1, Duration.ofMinutes(1));
    scene.send(Scene.KEYED, "k", "late");
    scene.settleDown();
    scene.send(Scene.KEYED, "k", "behind");
    scene.send(Scene.KEYED, "other", "early");

    assertThat(Listening.text(listening.next())).isEqualTo("early");
    scene.clock.advance(Duration.ofMinutes(1));
    Delivery late = listening.next();
    assertThat(Listening.text(late)).isEqualTo("late");
    assertThat(late.attempt()).isEqualTo(1);
    Scene.accept(late);
    assertThat(Listening.text(listening.next())).isEqualTo("behind");
  }

  @Test
  void aMessageIsDelayedOnceThoughAllDeliveriesAre() {
    Listening listening = scene.listen(Scene.QUEUE);
    faults.delayNext(Integer.MAX_VALUE, Duration.ofSeconds(1));
    scene.send(Scene.QUEUE, "late");
    scene.clock.advance(Duration.ofSeconds(1));

    assertThat(listening.arrived).hasSize(1);
  }

  @Test
  void aSettlementBeforeACrashIsNotDone() {
    Listening listening = scene.listen(Scene.QUEUE);
    faults.crashBeforeSettle(1);
    scene.send(Scene.QUEUE, "again");

    assertThat(Scene.accept(listening.next())).isEqualTo(Settlement.Result.NOT_OWNED);

    Delivery again = listening.next();
    assertThat(again.attempt()).isEqualTo(2);
    assertThat(Scene.accept(again)).isEqualTo(Settlement.Result.SETTLED);
  }

  @Test
  void whatIsHeldIsDoneAndAnsweredOnceItIsHealed() {
    Listening listening = scene.listen(Scene.QUEUE);
    scene.send(Scene.QUEUE, "open");
    Delivery open = listening.next();

    faults.hold();
    CompletableFuture<String> send = scene.trySend(Scene.QUEUE, "held");
    CompletableFuture<Settlement.Result> settlement =
        open.settle(Settlement.accept()).toCompletableFuture();
    scene.settleDown();
    assertThat(send).isNotDone();
    assertThat(settlement).isNotDone();
    assertThat(scene.connection.sender().flush(Duration.ofMillis(1))).isFalse();
    assertThat(connecting().code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    assertThat(scene.broker.size("payments")).isEqualTo(1);

    faults.heal();
    assertThat(send).isCompletedWithValue("payments@2");
    assertThat(settlement).isCompletedWithValue(Settlement.Result.SETTLED);
    assertThat(Listening.text(listening.next())).isEqualTo("held");
    assertThat(listening.failures).isEmpty();
  }

  @Test
  void whileAnswersAreHeldMessagesAreStoredAndNothingIsDelivered() {
    Listening listening = scene.listen(Scene.QUEUE);
    faults.holdAnswers();
    CompletableFuture<String> send = scene.trySend(Scene.QUEUE, "stored");
    scene.settleDown();

    assertThat(send).isNotDone();
    assertThat(scene.broker.size("payments")).isEqualTo(1);
    assertThat(listening.arrived).isEmpty();

    faults.heal();
    assertThat(send).isCompletedWithValue("payments@1");
    listening.next();
  }

  @Test
  void aHeldSendIsUnknownOnceItsConnectionIsDroppedOrClosed() {
    faults.hold();
    CompletableFuture<String> dropped = scene.trySend(Scene.QUEUE, "dropped");
    faults.dropConnections();
    CompletableFuture<String> closed = scene.trySend(Scene.QUEUE, "closed");
    scene.connection.close();

    assertUnknown(dropped);
    assertUnknown(closed);
    assertThat(scene.broker.size("payments")).isZero();
  }

  @Test
  void healingForgetsWhatWasPlanned() {
    faults.failNextSends(1, SendFailure.REJECTED);
    faults.crashBeforeSettle(1);
    faults.duplicateNext(1);
    faults.delayNext(1, Duration.ofDays(1));
    faults.heal();

    Listening listening = scene.listen(Scene.QUEUE);
    scene.send(Scene.QUEUE, "undisturbed");
    assertThat(Scene.accept(listening.next())).isEqualTo(Settlement.Result.SETTLED);
    assertThat(scene.broker.size("payments")).isZero();
  }

  @Test
  void aCountIsNotNegative() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> faults.crashBeforeSettle(-1))
        .withMessage("a count must not be negative: -1");
  }

  @Test
  void aTransportThatIsRefusedDoesNotConnect() {
    InMemoryTransport refused = InMemoryTransport.builder().broker(scene.broker).refused().build();
    MessagingException failure =
        catchThrowableOfType(MessagingException.class, () -> refused.connect(Scene.DEADLINE));

    assertThat(failure.code()).isEqualTo(ErrorCode.NOT_AUTHENTICATED);
  }

  private MessagingException connecting() {
    return catchThrowableOfType(
        MessagingException.class, () -> scene.broker.transport().connect(Scene.DEADLINE));
  }

  private MessagingException preparing() {
    return catchThrowableOfType(
        MessagingException.class,
        () ->
            scene.connection.prepare(
                new Topology(List.<Channel>of(Scene.QUEUE), List.of(), List.of()),
                Topology.Mode.VERIFY));
  }

  private static void assertUnknown(CompletableFuture<?> send) {
    assertThat(failure(send).certainty()).isEqualTo(Certainty.UNKNOWN);
  }

  private static SendException failure(CompletableFuture<?> send) {
    CompletionException failure = catchThrowableOfType(CompletionException.class, send::join);
    return (SendException) failure.getCause();
  }
}
