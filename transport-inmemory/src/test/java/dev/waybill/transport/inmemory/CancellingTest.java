package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CancellingTest {
  private static final Duration DELAY = Duration.ofMinutes(1);

  private final Scene scene = new Scene(Scene.QUEUE, Scene.KEYED, Scene.BILLING, Scene.STOCK);

  @AfterEach
  void close() {
    scene.close();
  }

  @Test
  void aMessageTakenBackBeforeItsDelayIsOverIsNotDelivered() {
    Listening listening = scene.listen(Scene.QUEUE);
    String cancelled = delayed(Scene.QUEUE, "cancelled");
    delayed(Scene.QUEUE, "wanted");
    scene.clock.advance(DELAY.minusNanos(1));

    assertThat(cancel(Scene.QUEUE, cancelled)).isTrue();
    assertThat(cancel(Scene.QUEUE, cancelled)).isFalse();
    assertThat(scene.broker.size("payments")).isEqualTo(1);

    scene.clock.advance(DELAY);
    assertThat(Listening.texts(List.copyOf(listening.arrived))).containsExactly("wanted");
  }

  @Test
  void aMessageWhoseDelayIsOverCanNotBeTakenBack() {
    String late = delayed(Scene.QUEUE, "late");
    String now = scene.send(Scene.QUEUE, "now");
    scene.clock.advance(DELAY);

    assertThat(cancel(Scene.QUEUE, late)).isFalse();
    assertThat(cancel(Scene.QUEUE, now)).isFalse();
    assertThat(scene.broker.size("payments")).isEqualTo(2);
  }

  @Test
  void aMessageThatWaitsForItsNextAttemptCanNotBeTakenBack() {
    Listening listening = scene.listen(Scene.QUEUE);
    String delivered = scene.send(Scene.QUEUE, "delivered");
    Scene.release(listening.next(), DELAY);

    assertThat(cancel(Scene.QUEUE, delivered)).isFalse();
    assertThat(scene.broker.waiting("payments")).isEqualTo(1);
  }

  @Test
  void anEventIsTakenBackFromAllItsSubscriptions() {
    String cancelled = delayed(Scene.TOPIC, "cancelled");
    delayed(Scene.TOPIC, "wanted");

    assertThat(cancel(Scene.TOPIC, cancelled)).isTrue();

    assertThat(scene.broker.size("orders.billing")).isEqualTo(1);
    assertThat(scene.broker.size("orders.stock")).isEqualTo(1);
    scene.clock.advance(DELAY);
    assertThat(Listening.text(scene.listen(Scene.STOCK).next())).isEqualTo("wanted");
  }

  @Test
  void theFirstCopyDecidesWhetherASendingIsTakenBack() {
    Sending arrived = new Sending("orders@1");
    Sending takenBack = new Sending("orders@2");

    assertThat(arrived.arrive()).isTrue();
    assertThat(arrived.takeBack()).isFalse();
    assertThat(arrived.arrive()).isTrue();
    assertThat(takenBack.takeBack()).isTrue();
    assertThat(takenBack.arrive()).isFalse();
    assertThat(takenBack.takeBack()).isTrue();
  }

  @Test
  void aKeyDoesNotWaitForAMessageThatWasTakenBack() {
    Listening listening = scene.listen(Scene.KEYED);
    String cancelled = scene.send(Scene.KEYED, Scene.message("cancelled", "k", DELAY));
    cancel(Scene.KEYED, cancelled);
    scene.clock.advance(DELAY);
    scene.send(Scene.KEYED, "k", "next");

    assertThat(Listening.text(listening.next())).isEqualTo("next");
  }

  @Test
  void nothingIsTakenBackFromAChannelThatDoesNotExist() {
    assertThat(cancel(new Queue("missing", false), "missing@1")).isFalse();
  }

  @Test
  void aClosedConnectionTakesNothingBack() {
    scene.connection.close();

    assertThatThrownBy(() -> cancel(Scene.QUEUE, "payments@1"))
        .cause()
        .isInstanceOfSatisfying(
            MessagingException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CLOSED));
  }

  private String delayed(Channel channel, String text) {
    return scene.send(channel, Scene.message(text, null, DELAY));
  }

  private boolean cancel(Channel channel, String brokerId) {
    return scene.connection.sender().cancel(channel, brokerId, Scene.DEADLINE).join();
  }
}
