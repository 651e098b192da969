package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.routing.Queue;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TopologyTest {
  private static final Topology TOPOLOGY = Scene.topology(Scene.QUEUE, Scene.BILLING);

  private final InMemoryTransport transport = InMemoryTransport.builder().build();
  private final TransportConnection connection = transport.connect(Scene.DEADLINE);

  @AfterEach
  void close() {
    connection.close();
  }

  @Test
  void createMakesAllAndCanBeRepeated() {
    assertThat(connection.prepare(TOPOLOGY, Topology.Mode.CREATE)).isEmpty();
    assertThat(connection.prepare(TOPOLOGY, Topology.Mode.CREATE)).isEmpty();

    assertThat(connection.prepare(TOPOLOGY, Topology.Mode.VERIFY)).isEmpty();
    assertThat(transport.broker().sources())
        .containsExactly("orders.billing", "orders.billing.dlq", "payments", "payments.dlq");
  }

  @Test
  void creatingAgainDoublesNoSubscription() {
    connection.prepare(TOPOLOGY, Topology.Mode.CREATE);
    connection.prepare(TOPOLOGY, Topology.Mode.CREATE);
    connection.sender().send(Scene.TOPIC, Scene.message("m", null, null), Scene.DEADLINE).join();

    assertThat(transport.broker().size("orders.billing")).isEqualTo(1);
  }

  @Test
  void verifyNamesAllThatIsMissingAndMakesNothing() {
    assertThat(connection.prepare(TOPOLOGY, Topology.Mode.VERIFY))
        .containsExactly(
            "The in-memory broker has no queue payments without order per key: prepare it with topology CREATE, here or in the bus that owns it.",
            "The in-memory broker has no topic orders without order per key: prepare it with topology CREATE, here or in the bus that owns it.",
            "The in-memory broker has no subscription billing of topic orders without order per key: prepare it with topology CREATE, here or in the bus that owns it.",
            "The in-memory broker has no queue payments.dlq without order per key: prepare it with topology CREATE, here or in the bus that owns it.",
            "The in-memory broker has no queue orders.billing.dlq without order per key: prepare it with topology CREATE, here or in the bus that owns it.");
    assertThat(transport.broker().sources()).isEmpty();
  }

  @Test
  void assumeAsksAndMakesNothing() {
    assertThat(connection.prepare(TOPOLOGY, Topology.Mode.ASSUME)).isEmpty();
    assertThat(transport.broker().sources()).isEmpty();
  }

  @Test
  void whatDiffersIsNamedAndLeftAsItIs() {
    connection.prepare(TOPOLOGY, Topology.Mode.CREATE);
    Topology other = Scene.topology(new Queue("payments", true));

    for (Topology.Mode mode : List.of(Topology.Mode.CREATE, Topology.Mode.VERIFY)) {
      assertThat(connection.prepare(other, mode))
          .containsExactly(
              "Needed is the queue payments with order per key, but the in-memory broker has the queue payments without order per key: give one of them another name, or define both alike.");
    }
    assertThat(connection.prepare(TOPOLOGY, Topology.Mode.VERIFY)).isEmpty();
  }

  @Test
  void aQueueOfASubscriptionsNameIsNamed() {
    connection.prepare(TOPOLOGY, Topology.Mode.CREATE);

    assertThat(
            connection.prepare(
                Scene.topology(new Queue("orders.billing", false)), Topology.Mode.VERIFY))
        .singleElement()
        .asString()
        .startsWith("Needed is the queue orders.billing without")
        .contains("has the subscription billing of topic orders without");
  }

  @Test
  void namesAreTheirOwnNativeNames() {
    assertThat(transport.nativeNames(TOPOLOGY))
        .isEqualTo(
            Map.of(
                "payments", "payments",
                "payments.dlq", "payments.dlq",
                "orders", "orders",
                "orders.billing", "orders.billing",
                "orders.billing.dlq", "orders.billing.dlq"));
  }

  @Test
  void checkNamesIllegalAndCollidingNamesTogether() {
    Topic topic = new Topic("a", false);
    Topology topology =
        new Topology(
            List.of(new Queue("no spaces", false), new Queue("twice", true), topic),
            List.of(
                new Queue("twice", false),
                new Subscription(topic, "b"),
                new Queue("a.b", false),
                new Subscription(topic, "ü")),
            List.of());

    assertThat(transport.check(topology))
        .containsExactly(
            "The name 'no spaces' of queue no spaces is not legal: use up to 100 letters, digits, '.', '_' and '-'.",
            "The name 'twice' is used twice, by queue twice without order per key and queue twice with order per key: give one of them another name.",
            "The name 'a.b' is used twice, by queue a.b without order per key and subscription b of topic a without order per key: give one of them another name.",
            "The name 'ü' of subscription ü of topic a is not legal: use up to 100 letters, digits, '.', '_' and '-'.");
    assertThat(transport.check(TOPOLOGY)).isEmpty();
  }
}
