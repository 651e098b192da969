package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Sender.Addressed;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SendingTogetherTest {
  private final Scene scene = new Scene(Scene.QUEUE, Scene.BILLING);

  @AfterEach
  void close() {
    scene.close();
  }

  @Test
  void allAreStoredInTheirOrderAndNamedInIt() {
    List<String> brokerIds =
        sendTogether(
            to(Scene.QUEUE, "one"), to(Scene.TOPIC, "an event"), to(Scene.QUEUE, "another"));

    assertThat(brokerIds).containsExactly("payments@1", "orders@1", "payments@2");
    assertThat(Listening.texts(scene.listen(Scene.QUEUE).next(2)))
        .containsExactly("one", "another");
    assertThat(scene.broker.size("orders.billing")).isEqualTo(1);
  }

  @Test
  void noneIsStoredIfOneIsRejected() {
    assertThatThrownBy(
            () -> sendTogether(to(Scene.QUEUE, "one"), to(new Queue("missing", false), "two")))
        .cause()
        .isInstanceOfSatisfying(
            SendException.class,
            e -> {
              assertThat(e.certainty()).isEqualTo(SendException.Certainty.REJECTED);
              assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND);
            });
    assertThat(scene.broker.size("payments")).isZero();
  }

  private List<String> sendTogether(Addressed... messages) {
    return scene.connection.sender().sendTogether(List.of(messages), Scene.DEADLINE).join();
  }

  private static Addressed to(Channel channel, String text) {
    return new Addressed(channel, Scene.message(text, null, null));
  }
}
