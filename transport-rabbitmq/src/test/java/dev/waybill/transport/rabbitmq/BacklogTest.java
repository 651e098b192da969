package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.routing.Queue;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.TransportConnection;
import java.time.Instant;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What a receiver knows of the messages that are not settled, here or on the broker. */
class BacklogTest extends RabbitTest {
  @Test
  void it_counts_what_waits_on_the_broker_and_what_is_open_here() throws Exception {
    Queue queue = Wires.queue();
    create(queue);
    for (int i = 0; i < 5; i++) {
      Wires.send(connection.sender(), queue, Wires.message("m" + i));
    }
    Recording recording = new Recording();
    Instant before = Instant.now();
    Receiver receiver = receive(queue, 2, recording);
    recording.delivery(1);

    awaitBacklog(receiver, 5);
    assertThat(receiver.status().asOf()).isAfterOrEqualTo(before);
    Recording.settle(recording.delivery(0), Settlement.accept());
    awaitBacklog(receiver, 4);
  }

  @Test
  void of_a_spread_source_it_counts_the_partitions_that_are_this_instance_s() throws Exception {
    Queue queue = Wires.keyedQueue();
    try (TransportConnection spread =
        Wires.transport(uri()).partitions(queue.name(), 2).build().connect(Wires.DEADLINE)) {
      assertThat(spread.prepare(Wires.topology(queue), Mode.CREATE)).isEmpty();
      for (int i = 0; i < 12; i++) {
        Wires.send(spread.sender(), queue, Wires.message("m" + i, "key-" + i));
      }
      Receiver receiver = spread.receive(queue, 2, new Recording());

      awaitBacklog(receiver, 12);
    }
  }

  private static void awaitBacklog(Receiver receiver, long messages) {
    await()
        .atMost(Wires.DEADLINE)
        .until(() -> Objects.equals(receiver.status().backlog(), messages));
  }
}
