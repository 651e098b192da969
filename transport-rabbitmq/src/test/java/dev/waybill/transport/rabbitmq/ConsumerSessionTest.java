package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Connection;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.TransportConnection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class ConsumerSessionTest {
  private final RabbitThreads threads = new RabbitThreads();
  private final Mailbox mailbox = new Mailbox(threads, "test");

  @Test
  void what_can_not_be_read_is_not_acknowledged_with_what_comes_behind_it() throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("4.3.1");
        TransportConnection connection = broker.transport().connect(Wires.DEADLINE)) {
      RabbitReceiver receiver =
          (RabbitReceiver) connection.receive(new Queue("other", false), 1, new Recording());
      broker.consumerOf("other");
      ConsumerSession session = open(connection, new Reading(receiver));
      session.consume();
      ScriptedBroker.Consumer consumer = broker.consumerOf("q");

      for (int tag = 1; tag <= 3; tag++) {
        consumer.deliver(tag, false, Map.of(), "m" + tag);
      }

      await()
          .atMost(Wires.DEADLINE)
          .until(() -> broker.from(consumer, AMQP.Basic.Ack.class).size() == 2);
      assertThat(broker.from(consumer, AMQP.Basic.Ack.class))
          .noneMatch(AMQP.Basic.Ack::getMultiple)
          .extracting(AMQP.Basic.Ack::getDeliveryTag)
          .containsExactly(2L, 3L);
    } finally {
      mailbox.close();
      threads.awaitEnd(Recording.LIMIT);
    }
  }

  @Test
  void all_has_arrived_when_the_end_of_a_cancelled_consumer_is_told() throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("4.3.1");
        TransportConnection connection = broker.transport().connect(Wires.DEADLINE)) {
      Receiver unused = connection.receive(new Queue("other", false), 1, new Recording());
      broker.consumerOf("other");
      Noting owner = new Noting();
      ConsumerSession session = open(connection, owner);
      session.consume();
      ScriptedBroker.Consumer consumer = broker.consumerOf("q");
      broker.holdCancels();
      await().atMost(Wires.DEADLINE).until(() -> owner.events.contains("consuming"));
      session.cancel();
      consumer.deliver(1, false, Map.of(), "m");
      await().atMost(Wires.DEADLINE).until(() -> owner.events.contains("arrived 1"));

      // read together with the answer, for the client's thread still stands in the first
      consumer.deliver(2, false, Map.of(), "m");
      broker.answerCancel();
      owner.goOn.countDown();

      await().atMost(Wires.DEADLINE).until(() -> owner.events.size() == 4);
      assertThat(owner.events).containsExactly("consuming", "arrived 1", "arrived 2", "drained");
    } finally {
      mailbox.close();
      threads.awaitEnd(Recording.LIMIT);
    }
  }

  @Test
  void what_is_acknowledged_when_the_channel_is_lost_is_told_to_come_again() throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("4.3.1");
        TransportConnection connection = broker.transport().connect(Wires.DEADLINE)) {
      RabbitReceiver receiver =
          (RabbitReceiver) connection.receive(new Queue("other", false), 1, new Recording());
      broker.consumerOf("other");
      Reading owner = new Reading(receiver);
      ConsumerSession session = open(connection, owner);
      session.consume();
      ScriptedBroker.Consumer consumer = broker.consumerOf("q");
      consumer.deliver(1, false, Map.of(), "can't be read");
      consumer.deliver(2, false, Map.of(), "m");
      await().atMost(Wires.DEADLINE).until(() -> owner.read.size() == 1);

      boolean done =
          mailbox.ask(
              Recording.LIMIT,
              () -> { // in one, so that nothing is written in between
                assertThat(session.acknowledge(owner.read.get(0))).isTrue();
                session.abort();
                session.end(false);
              });

      assertThat(done).isTrue();
      assertThat(owner.forgotten)
          .singleElement()
          .asString()
          .contains("Messages of queue 'q' that were acknowledged last come again");
      assertThat(broker.from(consumer, AMQP.Basic.Ack.class)).isEmpty();
    } finally {
      mailbox.close();
      threads.awaitEnd(Recording.LIMIT);
    }
  }

  private ConsumerSession open(TransportConnection connection, ConsumerSession.Owner owner)
      throws Exception {
    return ConsumerSession.open(
        connection.unwrap(Connection.class).orElseThrow(),
        new Queue("q", false),
        "q",
        1,
        100,
        new Credit(100),
        mailbox,
        new Calls(Runnable::run),
        owner);
  }

  /** Notes what it is told, and stands still in the first arrival until it is let go. */
  private static final class Noting implements ConsumerSession.Owner {
    private final List<String> events = new CopyOnWriteArrayList<>();
    private final CountDownLatch goOn = new CountDownLatch(1);

    @Override
    public void arrived(ConsumerSession from, com.rabbitmq.client.Delivery arrival) {
      events.add("arrived " + arrival.getEnvelope().getDeliveryTag());
      await().atMost(Recording.LIMIT).until(() -> goOn.getCount() == 0);
    }

    @Override
    public void allArrived(ConsumerSession from) {}

    @Override
    public void consuming(ConsumerSession from) {
      events.add("consuming");
    }

    @Override
    public void unanswered(ConsumerSession from) {}

    @Override
    public void settled() {}

    @Override
    public void drained(ConsumerSession from) {
      events.add("drained");
    }

    @Override
    public void lost(ConsumerSession from, MessagingException problem) {
      events.add("lost " + problem);
    }

    @Override
    public void forgotten(MessagingException problem) {
      events.add("forgotten " + problem);
    }
  }

  /** Fails to read the first, and acknowledges the second and third together. */
  private static final class Reading implements ConsumerSession.Owner {
    private final RabbitReceiver receiver;
    private final List<RabbitDelivery> read = new CopyOnWriteArrayList<>();
    private final List<MessagingException> forgotten = new CopyOnWriteArrayList<>();

    Reading(RabbitReceiver receiver) {
      this.receiver = receiver;
    }

    @Override
    public void arrived(ConsumerSession from, com.rabbitmq.client.Delivery arrival) {
      if (arrival.getEnvelope().getDeliveryTag() == 1) {
        throw new IllegalArgumentException("on purpose: this can't be read");
      }
      read.add(new RabbitDelivery(receiver, from, arrival));
      if (read.size() == 2) {
        read.forEach(each -> assertThat(from.acknowledge(each)).isTrue());
      }
    }

    @Override
    public void allArrived(ConsumerSession from) {}

    @Override
    public void consuming(ConsumerSession from) {}

    @Override
    public void unanswered(ConsumerSession from) {}

    @Override
    public void settled() {}

    @Override
    public void drained(ConsumerSession from) {}

    @Override
    public void lost(ConsumerSession from, MessagingException problem) {}

    @Override
    public void forgotten(MessagingException problem) {
      forgotten.add(problem);
    }
  }
}
