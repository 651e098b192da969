package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RepliesTest {
  private static final ReplyQueue REPLIES = new ReplyQueue("shop", "i1");

  private final Scene scene = new Scene();

  @AfterEach
  void close() {
    scene.close();
  }

  @ParameterizedTest
  @EnumSource(Topology.Mode.class)
  void aReplyArrivesAtTheConnectionThatPreparedItsQueueInEachMode(Topology.Mode mode) {
    try (TransportConnection requester = requester(mode)) {
      Listening listening = new Listening();
      scene.send(REPLIES, "sent before it is received");
      requester.receive(REPLIES, 10, listening);

      assertThat(Listening.text(listening.next())).isEqualTo("sent before it is received");
    }
  }

  @Test
  void whatIsSentToAReplyQueueThatIsGoneIsRejected() {
    requester(Topology.Mode.ASSUME).close();

    assertThatThrownBy(scene.trySend(REPLIES, "late")::join)
        .cause()
        .isInstanceOfSatisfying(
            SendException.class,
            e -> {
              assertThat(e.certainty()).isEqualTo(SendException.Certainty.REJECTED);
              assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND);
            })
        .hasMessage(
            "The in-memory broker has no reply queue replies.shop.i1: the bus that requested is closed.");
    assertThat(scene.broker.sources()).isEmpty();
  }

  @Test
  void aReplyQueueEndsWithItsOwnConnectionOnly() {
    try (TransportConnection requester = requester(Topology.Mode.CREATE)) {
      scene.connection.prepare(
          new Topology(List.of(), List.of(), List.of(), new ReplyQueue("shop", "i2")),
          Topology.Mode.CREATE);
      scene.connection.close();

      assertThat(scene.broker.sources()).containsExactly("replies.shop.i1");
    }
  }

  @Test
  void theNamesOfARequesterHaveToBeLegal() {
    Topology topology =
        new Topology(List.of(), List.of(), List.of(), new ReplyQueue("the shop", "i1"));

    assertThat(scene.broker.transport().check(topology))
        .containsExactly(
            "The name 'the shop' of reply queue replies.the shop.i1 is not legal: use up to 100 letters, digits, '.', '_' and '-'.");
  }

  private TransportConnection requester(Topology.Mode mode) {
    TransportConnection connection = scene.broker.transport().connect(Scene.DEADLINE);
    assertThat(connection.prepare(new Topology(List.of(), List.of(), List.of(), REPLIES), mode))
        .isEmpty();
    return connection;
  }
}
