package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ChannelContinuationTimeoutException;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What becomes of channels, of which the client does a part. */
class ChannelsTest {
  /** In milliseconds; long for an answer, on a busy machine. */
  private static final int IMPATIENCE = 6_000;

  @Test
  void a_channel_whose_end_is_answered_leaves_its_connection_alone() throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("4.3.1");
        Connection connection = factory(broker).newConnection()) {
      Channel channel = Channels.open(connection);

      Channels.end(channel);
      Channels.end(channel);

      assertThat(channel.isOpen()).isFalse();
      assertThat(connection.isOpen()).isTrue();
    }
  }

  @Test
  void a_channel_whose_end_is_not_answered_takes_its_connection_with_it() throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("4.3.1")) {
      ConnectionFactory impatient = factory(broker);
      impatient.setChannelRpcTimeout(IMPATIENCE);
      Connection connection = impatient.newConnection();
      Channel channel =
          await()
              .atMost(Wires.DEADLINE)
              .ignoreExceptions()
              .until(() -> Channels.open(connection), made -> true);
      broker.holdCloses();

      Channels.end(channel);

      assertThat(connection.isOpen()).isFalse();
    }
  }

  @Test
  void a_call_that_is_not_answered_costs_its_channel_and_leaves_its_connection_alone()
      throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("4.3.1")) {
      ConnectionFactory impatient = factory(broker);
      impatient.setChannelRpcTimeout(IMPATIENCE);
      try (Connection connection = impatient.newConnection()) {
        broker.holdConsumersOf("q");
        Channel channel = Channels.open(connection);
        assertThatThrownBy(() -> channel.queueDeclare("q", true, false, false, Map.of()))
            .isInstanceOf(ChannelContinuationTimeoutException.class);

        Channels.end(channel);

        assertThat(connection.isOpen()).isTrue();
        assertThat(channel.isOpen()).isFalse();
        Channel next = Channels.open(connection);
        assertThat(next.getChannelNumber()).isNotEqualTo(channel.getChannelNumber());
        broker.letConsume();
        await().atMost(Wires.DEADLINE).until(() -> broker.closedChannels() == 1);
        assertThat(next.isOpen()).isTrue();
      }
    }
  }

  @Test
  void a_channel_that_is_opened_too_late_is_ended_and_leaves_its_connection_alone()
      throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("4.3.1")) {
      ConnectionFactory impatient = factory(broker);
      impatient.setChannelRpcTimeout(IMPATIENCE);
      try (Connection connection = impatient.newConnection()) {
        broker.holdOpens();
        assertThatThrownBy(() -> Channels.open(connection))
            .isInstanceOf(ChannelContinuationTimeoutException.class);

        broker.open();
        await().atMost(Wires.DEADLINE).until(() -> broker.closedChannels() == 1);
        Channel next =
            await()
                .atMost(Wires.DEADLINE)
                .ignoreExceptions()
                .until(() -> Channels.open(connection), made -> made.getChannelNumber() == 1);

        assertThat(next.isOpen()).isTrue();
        assertThat(connection.isOpen()).isTrue();
      }
    }
  }

  private static ConnectionFactory factory(ScriptedBroker broker) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(broker.uri());
    factory.setAutomaticRecoveryEnabled(false);
    return factory;
  }
}
