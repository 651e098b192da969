package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.routing.Source;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A connection to the shared broker for each test, and a look at what is left after it. */
abstract class RabbitTest {
  TransportConnection connection;

  @BeforeEach
  void connect() {
    connection = open(uri());
  }

  @AfterEach
  void closeAndLeaveNothing() {
    connection.close();
    await().atMost(Recording.LIMIT).untilAsserted(() -> assertThat(threads()).isEmpty());
  }

  static String uri() {
    return TestBrokers.rabbitmq().uri();
  }

  static TransportConnection open(String uri) {
    return Transport.at(uri).connect(Wires.DEADLINE);
  }

  static List<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("waybill-rabbitmq"))
        .toList();
  }

  void create(Source... sources) {
    assertThat(connection.prepare(Wires.topology(sources), Topology.Mode.CREATE)).isEmpty();
  }

  /** Receives into a recording. */
  Receiver receive(Source source, int credit, Recording recording) {
    return connection.receive(source, credit, recording);
  }

  /** Receives into a new recording, until the connection is closed. */
  Recording receive(Source source, int credit) {
    Recording recording = new Recording();
    Receiver unused = receive(source, credit, recording);
    return recording;
  }
}
