package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import dev.waybill.routing.Queue;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TopologyTest extends RabbitTest {
  private final Queue queue = Wires.keyedQueue();
  private final Topic topic = new Topic(Wires.name("topic"), false);
  private final Subscription subscription = new Subscription(topic, "billing");

  @Test
  void createMakesWhatIsMissingAndIsIdempotent() {
    Topology topology = Wires.topology(queue, subscription);

    assertThat(connection.prepare(topology, Mode.CREATE)).isEmpty();
    assertThat(connection.prepare(topology, Mode.CREATE)).isEmpty();
    assertThat(connection.prepare(topology, Mode.VERIFY)).isEmpty();
  }

  @Test
  void verifyNamesAllThatIsMissingAndMakesNothing() {
    Topology topology = Wires.topology(queue, subscription);

    for (int i = 0; i < 2; i++) {
      assertThat(connection.prepare(topology, Mode.VERIFY))
          .hasSize(5)
          .anyMatch(text -> text.contains("exchange '" + topic.name() + "' is missing"))
          .anyMatch(text -> text.contains("queue '" + queue.name() + "' is missing"))
          .anyMatch(text -> text.contains("queue '" + queue.name() + ".dlq' is missing"))
          .anyMatch(text -> text.contains("queue '" + topic.name() + ".billing' is missing"))
          .anyMatch(text -> text.contains("queue '" + topic.name() + ".billing.dlq' is missing"));
    }
  }

  @Test
  void whatStandsWithOtherArgumentsIsNamedWithTheDifferenceAndKept() throws Exception {
    try (Native raw = new Native(uri())) {
      raw.channel.queueDeclare(queue.name(), true, false, false, Map.of("x-queue-type", "classic"));
      raw.channel.exchangeDeclare(topic.name(), "direct", true);
      for (Mode mode : List.of(Mode.VERIFY, Mode.CREATE)) {
        assertThat(connection.prepare(Wires.topology(queue, subscription), mode))
            .anyMatch(
                text ->
                    text.contains("queue '" + queue.name() + "'")
                        && text.contains("differs")
                        && text.contains("x-single-active-consumer"))
            .anyMatch(
                text ->
                    text.contains("exchange '" + topic.name() + "'")
                        && text.contains("type")
                        && text.contains("direct"));
      }
      assertThat(raw.channel.queueDeclarePassive(queue.name())).isNotNull();
    }
  }

  @Test
  void assumeMakesNoCallAtAll() throws Exception {
    assertThat(connection.prepare(Wires.topology(queue, subscription), Mode.ASSUME)).isEmpty();

    assertThat(connection.prepare(Wires.topology(queue, subscription), Mode.VERIFY)).hasSize(5);
  }

  @Test
  void what_is_refused_disturbs_neither_who_receives_nor_who_sends_on_the_connection()
      throws Exception {
    Queue well = Wires.queue();
    create(well);
    Wires.send(connection.sender(), well, Wires.message("a"));
    Recording recording = receive(well, 2);
    Delivery open = recording.delivery(0);
    try (Native raw = new Native(uri())) {
      raw.channel.queueDeclare(queue.name(), true, false, false, Map.of("x-queue-type", "classic"));
    }

    for (Mode mode : List.of(Mode.VERIFY, Mode.CREATE)) {
      assertThat(connection.prepare(Wires.topology(queue, subscription), mode)).isNotEmpty();
    }

    Wires.send(connection.sender(), well, Wires.message("b"));
    assertThat(Recording.body(recording.delivery(1))).isEqualTo("b");
    assertThat(open.isOwned()).isTrue();
    assertThat(Recording.settle(open, Settlement.accept())).isEqualTo(Settlement.Result.SETTLED);
    assertThat(recording.failures).isEmpty();
    assertThat(recording.deliveries).hasSize(2);
  }

  @Test
  void topologiesOfTwoApplicationsAddUp() throws Exception {
    assertThat(connection.prepare(Wires.sendingTo(topic), Mode.CREATE)).isEmpty();
    try (TransportConnection other = open(uri())) {
      assertThat(other.prepare(Wires.topology(subscription), Mode.CREATE)).isEmpty();
    }

    Wires.send(connection.sender(), topic, Wires.message("a"));

    assertThat(Recording.body(receive(subscription, 1).delivery(0))).isEqualTo("a");
  }

  @Test
  void names_of_delay_queues_are_refused() {
    Queue delay = new Queue("waybill.delay.07", false);

    assertThat(Transport.at("amqp://localhost").check(Wires.topology(delay)))
        .anyMatch(
            text ->
                text.contains(delay.name())
                    && text.contains("those of delayed messages")
                    && text.contains("rename it"));
    Queue other = new Queue("waybill.delays", false);
    assertThat(Transport.at("amqp://localhost").check(Wires.topology(other))).isEmpty();
  }

  @Test
  void namesAreTheBrokersOwn() {
    Topic orders = new Topic("orders", true);

    assertThat(
            RabbitTransport.builder()
                .build()
                .nativeNames(Wires.topology(new Subscription(orders, "billing"))))
        .containsOnly(
            entry("orders", "orders"),
            entry("orders.billing", "orders.billing"),
            entry("orders.billing.dlq", "orders.billing.dlq"));
  }

  @Test
  void illegalAndCollidingNamesAreAllReported() {
    Topic orders = new Topic("orders", false);
    Topology topology =
        Wires.topology(
            new Subscription(orders, "billing"),
            new Queue("orders.billing", false),
            new Queue("amq.own", false),
            new Queue("q".repeat(256), false),
            new Queue("both", true),
            new Queue("both", false));

    assertThat(RabbitTransport.builder().build().check(topology))
        .anyMatch(
            text ->
                text.contains("subscription billing of topic orders")
                    && text.contains("queue orders.billing")
                    && text.contains("rename"))
        .anyMatch(text -> text.contains("amq.own"))
        .anyMatch(text -> text.contains("256 bytes"))
        .anyMatch(text -> text.contains("queue both") && text.contains("key"));
    assertThat(RabbitTransport.builder().build().check(Wires.topology(queue, subscription)))
        .isEmpty();
  }
}
