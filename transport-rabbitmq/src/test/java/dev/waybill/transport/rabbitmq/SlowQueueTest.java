package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.TransportConnection;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A broker that takes its time with one queue. */
class SlowQueueTest {
  private final Queue queue = new Queue("q", true);
  private final Recording recording = new Recording();
  private ScriptedBroker broker;
  private TransportConnection connection;

  @BeforeEach
  void connect() throws Exception {
    broker = new ScriptedBroker("3.10.8");
    connection = broker.builder().partitions("q", 4).build().connect(Wires.DEADLINE);
  }

  @AfterEach
  void closeAndLeaveNothing() throws Exception {
    connection.close();
    broker.close();
    await().atMost(Recording.LIMIT).untilAsserted(() -> assertThat(RabbitTest.threads()).isEmpty());
  }

  @Test
  void a_queue_that_does_not_answer_holds_up_no_other_of_its_receiver() throws Exception {
    broker.holdConsumersOf("q.partition-0");
    Receiver unused = connection.receive(queue, 1_000, recording);
    ScriptedBroker.Consumer other = broker.consumerOf("q.partition-1");
    broker.awaitHeld();

    // a machine that stands still may let the client give up in between, so it is tried again
    for (int i = 0; !broker.hasAcknowledgementsWhileWaitingFor("q.partition-0"); i++) {
      assertThat(i).as("messages acknowledged only when nobody waited").isLessThan(100);
      other.deliver(i + 1, false, Map.of(), "m" + i);
      assertThat(Recording.settle(recording.delivery(i), Settlement.accept()))
          .isEqualTo(Settlement.Result.SETTLED);
      int wanted = i + 1;
      await()
          .atMost(Wires.DEADLINE)
          .until(
              () -> broker.from(other, com.rabbitmq.client.AMQP.Basic.Ack.class).size() == wanted);
    }
    broker.letConsume();
    broker.consumerOf("q.partition-0").deliver(1, false, Map.of(), "late");
    await().atMost(Wires.DEADLINE).until(() -> recording.bodies().contains("late"));
  }

  @Test
  void a_queue_that_does_not_answer_for_long_costs_the_others_neither_connection_nor_redelivery()
      throws Exception {
    broker.holdConsumersOf("stuck");
    Recording ofStuck = new Recording();
    Receiver unused = connection.receive(new Queue("well", false), 10, recording);
    ScriptedBroker.Consumer well = broker.consumerOf("well");
    well.deliver(1, false, Map.of(), "first");
    Delivery first = recording.delivery(0);
    Receiver unusedToo = connection.receive(new Queue("stuck", false), 10, ofStuck);
    await().atMost(Wires.DEADLINE).until(() -> broker.peersThatConsume("stuck").size() == 2);
    assertThat(broker.peersThatConsume("stuck").get(0)).isSameAs(well.peer());
    assertThat(ofStuck.failures)
        .extracting(MessagingException::code)
        .containsExactly(ErrorCode.BROKER_UNAVAILABLE);

    broker.letConsume();
    await()
        .atMost(Wires.DEADLINE)
        .until(
            () -> broker.closedChannels(well.peer()).size() >= 1 && ofStuck.recoveries.get() == 1);

    assertThat(Recording.settle(first, Settlement.accept())).isEqualTo(Settlement.Result.SETTLED);
    assertThat(recording.failures).isEmpty();
    broker.consumerOf("stuck", 1).deliver(1, false, Map.of(), "late");
    assertThat(Recording.body(ofStuck.delivery(0))).isEqualTo("late");
  }

  @Test
  void a_queue_to_count_by_that_does_not_answer_costs_the_partitions_no_connection()
      throws Exception {
    broker.holdConsumersOf("q.instances");
    Receiver unused = connection.receive(queue, 1_000, recording);
    ScriptedBroker.Consumer partition = broker.consumerOf("q.partition-0");
    partition.deliver(1, false, Map.of(), "first");
    Delivery first = recording.delivery(0);
    broker.awaitHeld();
    await().atMost(Wires.DEADLINE).until(() -> broker.peersThatConsume("q.instances").size() == 2);

    broker.letConsume();
    await().atMost(Wires.DEADLINE).until(() -> broker.closedChannels(partition.peer()).size() == 1);

    assertThat(Recording.settle(first, Settlement.accept())).isEqualTo(Settlement.Result.SETTLED);
    assertThat(recording.failures).isEmpty();
    assertThat(broker.peersThatConsume("q.partition-0")).containsExactly(partition.peer());
    assertThat(broker.consumerOf("q.instances", 1).peer()).isNotSameAs(partition.peer());
  }

  @Test
  void an_instance_whose_count_the_broker_ends_joins_the_others_again() {
    Receiver unused = connection.receive(queue, 1_000, recording);

    broker.consumerOf("q.instances").cancel();

    assertThat(broker.consumerOf("q.instances", 1).queue()).isEqualTo("q.instances");
  }

  @Test
  void an_instance_that_is_closed_while_it_joins_the_others_is_not_counted_after_all() {
    broker.holdConsumersOf("q.instances");
    Receiver receiver = connection.receive(queue, 1_000, recording);
    broker.awaitHeld();

    receiver.close();
    broker.letConsume();

    await().atMost(Wires.DEADLINE).until(() -> broker.isLeft("q.instances"));
  }
}
