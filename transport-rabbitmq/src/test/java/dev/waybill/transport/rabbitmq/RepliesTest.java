package dev.waybill.transport.rabbitmq;

import static dev.waybill.transport.rabbitmq.Recording.body;
import static dev.waybill.transport.rabbitmq.Recording.settle;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Connection;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.testkit.broker.FaultProxy;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.TransportConnection;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RepliesTest extends RabbitTest {
  private final ReplyQueue own = new ReplyQueue(Wires.name("web"), "one");

  @Test
  void eachInstanceGetsItsOwnReplies() throws Exception {
    ReplyQueue others = new ReplyQueue(own.requester(), "two");
    Recording here = request(connection, own);
    try (TransportConnection other = open(uri())) {
      Recording there = request(other, others);

      for (int i = 0; i < 5; i++) {
        Wires.send(connection.sender(), others, Wires.message("theirs " + i));
        Wires.send(other.sender(), own, Wires.message("ours " + i));
      }

      here.delivery(4);
      there.delivery(4);
      assertThat(here.bodies()).allMatch(body -> body.startsWith("ours"));
      assertThat(there.bodies()).allMatch(body -> body.startsWith("theirs"));
      assertThat(settle(here.delivery(0), Settlement.accept())).isEqualTo(Result.SETTLED);
    }
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void aReplyQueueIsMadeInEveryModeAndGoneAfterClose(Mode mode) throws Exception {
    assertThat(connection.prepare(requesting(own), mode)).isEmpty();

    try (Native raw = new Native(uri())) {
      raw.channel.queueDeclare( // refused if it had other arguments
          own.name(),
          true,
          false,
          false,
          Map.of("x-queue-type", "classic", "x-expires", Duration.ofMinutes(10).toMillis()));
      Recording unused = receive(own, 5);
      connection.close();

      assertGone(raw);
    }
  }

  @Test
  void aReplyThatCameBeforeItsReceiverIsDelivered() throws Exception {
    connection.prepare(requesting(own), Mode.CREATE);
    Wires.send(connection.sender(), own, Wires.message("early"));

    assertThat(body(receive(own, 5).delivery(0))).isEqualTo("early");
  }

  @Test
  void aReplyDoesNotOutliveItsBroker() throws Exception {
    connection.prepare(requesting(own), Mode.CREATE);
    Wires.send(connection.sender(), own, Wires.message("a"));

    try (Native raw = new Native(uri())) {
      BasicProperties properties = raw.take(own.name()).getProps();
      assertThat(properties.getDeliveryMode()).isEqualTo(1);
    }
  }

  @Test
  void aReplyThatCameWhileTheConnectionWasLostArrives() throws Exception {
    try (FaultProxy proxy = FaultProxy.open().forwardTo(TestBrokers.rabbitmq().port())) {
      try (TransportConnection requester = open(proxy.through(uri()))) {
        Recording recording = request(requester, own);
        cut(proxy, requester);

        Wires.send(connection.sender(), own, Wires.message("meanwhile"));
        proxy.heal();

        assertThat(body(recording.delivery(0))).isEqualTo("meanwhile");
        recording.awaitRecovery();
      }
    }
  }

  @Test
  void aReplyQueueThatIsGoneIsMadeAgainWithTheConnection() throws Exception {
    try (FaultProxy proxy = FaultProxy.open().forwardTo(TestBrokers.rabbitmq().port())) {
      try (TransportConnection requester = open(proxy.through(uri()));
          Native raw = new Native(uri())) {
        Recording recording = request(requester, own);
        cut(proxy, requester);
        raw.channel.queueDelete(own.name());
        proxy.heal();
        recording.awaitRecovery();

        Wires.send(connection.sender(), own, Wires.message("after"));

        assertThat(body(recording.delivery(0))).isEqualTo("after");
        requester.close();
        assertGone(raw);
      }
    }
  }

  @Test
  void aReplyQueueIsGoneAfterTheCloseThoughTheBrokerAnswersSlowly() throws Exception {
    try (FaultProxy proxy = FaultProxy.open().forwardTo(TestBrokers.rabbitmq().port());
        Native raw = new Native(uri())) {
      TransportConnection requester = open(proxy.through(uri()));
      Recording unused = request(requester, own);
      proxy.delay(Duration.ofMillis(300)); // on each way

      requester.close();

      assertGone(raw);
    }
  }

  @Test
  void aReplyToARequesterThatIsGoneIsRejectedAndDisturbsNobody() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    try (TransportConnection requester = open(uri())) {
      Recording unused = request(requester, own);
    }

    CompletableFuture<String> other =
        connection.sender().send(queue, Wires.message("b"), Wires.DEADLINE);
    SendException error =
        (SendException)
            Wires.failure(connection.sender(), own, Wires.message("late"), Wires.DEADLINE);

    assertThat(error.certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(error.code()).isEqualTo(ErrorCode.UNROUTABLE);
    assertThat(error).hasMessageContaining(own.name()).hasMessageContaining("gone");
    assertThat(other.join()).isNotEmpty();
  }

  @Test
  void aReplyQueueIsAmongTheNamesOnTheBroker() {
    assertThat(RabbitTransport.builder().build().nativeNames(requesting(own)))
        .containsOnly(Map.entry(own.name(), own.name()));
  }

  private static Recording request(TransportConnection from, ReplyQueue replies) {
    assertThat(from.prepare(requesting(replies), Mode.CREATE)).isEmpty();
    Recording recording = new Recording();
    Receiver unused = from.receive(replies, 10, recording);
    return recording;
  }

  private static Topology requesting(ReplyQueue replies) {
    return new Topology(List.of(), List.of(), List.of(), replies);
  }

  private static void cut(FaultProxy proxy, TransportConnection requester) {
    proxy.refuse();
    proxy.reset();
    await().atMost(Recording.LIMIT).until(() -> requester.unwrap(Connection.class).isEmpty());
  }

  private void assertGone(Native raw) {
    assertThatThrownBy(() -> raw.channel.queueDeclarePassive(own.name()))
        .isInstanceOf(IOException.class)
        .cause()
        .hasMessageContaining("no queue '" + own.name() + "'");
  }
}
