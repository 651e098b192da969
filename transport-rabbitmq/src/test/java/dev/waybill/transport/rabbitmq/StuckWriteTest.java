package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Queue;
import dev.waybill.testkit.broker.FaultProxy;
import dev.waybill.testkit.broker.FaultProxy.Direction;
import dev.waybill.testkit.broker.RabbitTestBroker;
import dev.waybill.testkit.broker.RabbitTestTls;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Connections that are not read any more, while their heartbeats go on. */
class StuckWriteTest {
  private static final Duration SHORT = Duration.ofSeconds(1);
  private static final String BIG = "x".repeat(8 * 1024 * 1024);

  private final RabbitTestBroker broker = TestBrokers.ownRabbitmq();
  private final RabbitTestTls tls = broker.admin().tls();
  private final Queue queue = Wires.queue();

  @AfterEach
  void nothingIsLeft() {
    await().atMost(Recording.LIMIT).untilAsserted(() -> assertThat(RabbitTest.threads()).isEmpty());
  }

  @Test
  void a_connection_that_is_not_read_any_more_is_made_anew_with_tls_and_without() throws Exception {
    try (FaultProxy plain = FaultProxy.open().forwardTo(broker.port());
        FaultProxy encrypted = FaultProxy.open().forwardTo(tls.port());
        TransportConnection one = to(plain).build().connect(Wires.DEADLINE);
        TransportConnection other =
            to(encrypted)
                .tls(
                    t ->
                        t.trustCertificates(tls.server().certificate())
                            .certificate(tls.client().certificate(), tls.client().privateKey()))
                .build()
                .connect(Wires.DEADLINE)) {
      assertThat(one.prepare(Wires.topology(queue), Mode.CREATE)).isEmpty();
      List<TransportConnection> both = List.of(one, other);
      for (TransportConnection each : both) {
        Wires.send(each.sender(), queue, Wires.message("opens the channel"));
      }

      plain.hold(Direction.TO_BROKER);
      encrypted.hold(Direction.TO_BROKER);
      for (int i = 0; i < 4; i++) {
        for (TransportConnection each : both) {
          var unused = each.sender().send(queue, Wires.message(BIG), SHORT);
        }
      }
      for (TransportConnection each : both) {
        await()
            .atMost(Recording.LIMIT)
            .until(() -> failure(each).code() == ErrorCode.CONNECTION_FAILED);
      }
      plain.heal();
      encrypted.heal();

      for (TransportConnection each : both) {
        assertThat(Wires.send(each.sender(), queue, Wires.message("after"))).isNotEmpty();
      }
    }
  }

  private RabbitTransport.Builder to(FaultProxy proxy) {
    RabbitSettings settings = RabbitUri.settings(broker.uri());
    return RabbitTransport.builder()
        .address("127.0.0.1", proxy.port())
        .user(settings.user())
        .password(settings.password())
        .virtualHost(settings.virtualHost())
        .heartbeat(Duration.ofMinutes(2));
  }

  private SendException failure(TransportConnection by) throws Exception {
    return (SendException) Wires.failure(by.sender(), queue, Wires.message("a"), SHORT);
  }
}
