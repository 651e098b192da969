package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Connection;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.transport.TransportConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
      ConsumerSession session =
          ConsumerSession.open(
              connection.unwrap(Connection.class).orElseThrow(),
              new Queue("q", false),
              "q",
              1,
              100,
              new Credit(100),
              mailbox,
              new Calls(Runnable::run),
              new Reading(receiver));
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

  /** Fails to read the first, and acknowledges the second and third together. */
  private static final class Reading implements ConsumerSession.Owner {
    private final RabbitReceiver receiver;
    private final List<RabbitDelivery> read = new ArrayList<>();

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
    public void consuming(ConsumerSession from) {}

    @Override
    public void unanswered(ConsumerSession from) {}

    @Override
    public void settled() {}

    @Override
    public void drained(ConsumerSession from) {}

    @Override
    public void lost(ConsumerSession from, MessagingException problem) {}
  }
}
