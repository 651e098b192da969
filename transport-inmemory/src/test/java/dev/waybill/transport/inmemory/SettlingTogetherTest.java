package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Sender.Addressed;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.inmemory.Faults.SendFailure;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SettlingTogetherTest {
  private static final Settlement ACCEPT = Settlement.accept();

  private final Scene scene = new Scene(Scene.QUEUE, Scene.BILLING);
  private final Listening listening = new Listening();

  @AfterEach
  void close() {
    scene.close();
  }

  @Test
  void theMessagesAreStoredAndTheDeliveryIsGone() {
    Delivery delivery = delivered();

    assertThat(settle(delivery, ACCEPT, to(Scene.TOPIC, "one"), to(Scene.TOPIC, "two")))
        .isEqualTo(Result.SETTLED);

    assertThat(scene.broker.size("payments")).isZero();
    assertThat(stored()).containsExactly("one", "two");
    assertThat(settle(delivery, ACCEPT, to(Scene.TOPIC, "again"))).isEqualTo(Result.SETTLED);
    assertThat(stored()).hasSize(2);
  }

  @Test
  void aHandlerMayAlsoSendToItsOwnQueue() {
    Delivery delivery = delivered();

    settle(delivery, ACCEPT, to(Scene.QUEUE, "next"));

    assertThat(Listening.text(listening.next())).isEqualTo("next");
  }

  @Test
  void nothingIsStoredForWhatIsNotOwned() {
    Receiver receiver = scene.connection.receiveAtomically(Scene.QUEUE, 1, listening);
    scene.send(Scene.QUEUE, "in");
    Delivery delivery = listening.next();
    receiver.close();

    assertThat(settle(delivery, ACCEPT, to(Scene.TOPIC, "late"))).isEqualTo(Result.NOT_OWNED);
    assertThat(settle(delivery, ACCEPT, to(new Queue("missing", false), "late")))
        .isEqualTo(Result.NOT_OWNED);
    assertThat(stored()).isEmpty();
    assertThat(scene.broker.size("payments")).isEqualTo(1);
  }

  @Test
  void aMessageThatCanNotBeStoredLeavesAllAsItWas() {
    Delivery delivery = delivered();

    assertThatThrownBy(
            () ->
                settle(
                    delivery,
                    ACCEPT,
                    to(Scene.TOPIC, "one"),
                    to(new Queue("missing", false), "two")))
        .cause()
        .isInstanceOfSatisfying(
            SendException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND));

    assertThat(stored()).isEmpty();
    assertThat(delivery.isOwned()).isTrue();
    assertThat(settle(delivery, ACCEPT, to(Scene.TOPIC, "one"))).isEqualTo(Result.SETTLED);
    assertThat(stored()).containsExactly("one");
  }

  @Test
  void aReplyToWhoIsGoneIsDropped() {
    Delivery delivery = delivered();

    assertThat(settle(delivery, ACCEPT, to(new ReplyQueue("shop", "1"), "reply")))
        .isEqualTo(Result.SETTLED);

    assertThat(scene.broker.size("payments")).isZero();
  }

  @Test
  void aDeadLetterIsStoredWithTheMessages() {
    Delivery delivery = delivered();
    Settlement reject = new Settlement.Reject("why", Map.of("waybill-reason", "why"));

    assertThat(settle(delivery, reject, to(Scene.TOPIC, "fault"))).isEqualTo(Result.SETTLED);

    assertThat(stored()).containsExactly("fault");
    assertThat(scene.broker.messages("payments.dlq"))
        .singleElement()
        .satisfies(letter -> assertThat(letter.headers()).containsEntry("waybill-reason", "why"));
  }

  @Test
  void aRejectedSendOfTheNextOneStoresNothing() {
    Delivery delivery = delivered();
    scene.broker.faults().failNextSends(1, SendFailure.REJECTED);

    assertThatThrownBy(() -> settle(delivery, ACCEPT, to(Scene.TOPIC, "one")))
        .cause()
        .isInstanceOf(SendException.class);

    assertThat(stored()).isEmpty();
    assertThat(delivery.isOwned()).isTrue();
  }

  @Test
  void anAnswerThatIsLostLosesTheDeliveryAndItComesAgainOnlyIfNothingWasStored() {
    Delivery first = delivered();
    scene.broker.faults().failNextSends(1, SendFailure.UNKNOWN_LOST);

    assertThat(settle(first, ACCEPT, to(Scene.TOPIC, "lost"))).isEqualTo(Result.NOT_OWNED);

    Delivery second = listening.next();
    assertThat(stored()).isEmpty();
    scene.broker.faults().failNextSends(1, SendFailure.UNKNOWN_STORED);
    assertThat(settle(second, ACCEPT, to(Scene.TOPIC, "stored"))).isEqualTo(Result.NOT_OWNED);
    assertThat(stored()).containsExactly("stored");
    assertThat(scene.broker.size("payments")).isZero();
  }

  private Delivery delivered() {
    scene.connection.receiveAtomically(Scene.QUEUE, 10, listening);
    scene.send(Scene.QUEUE, "in");
    return listening.next();
  }

  private List<String> stored() {
    return scene.broker.messages("orders.billing").stream()
        .map(message -> new String(message.body(), StandardCharsets.UTF_8))
        .toList();
  }

  private static Result settle(Delivery delivery, Settlement how, Addressed... messages) {
    return delivery.settleTogether(how, List.of(messages)).toCompletableFuture().join();
  }

  private static Addressed to(Channel channel, String text) {
    return new Addressed(channel, Scene.message(text, null, null));
  }
}
