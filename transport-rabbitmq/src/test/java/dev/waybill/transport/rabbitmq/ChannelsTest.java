package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import org.junit.jupiter.api.Test;

class ChannelsTest {
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
      impatient.setChannelRpcTimeout(500);
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

  private static ConnectionFactory factory(ScriptedBroker broker) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(broker.uri());
    factory.setAutomaticRecoveryEnabled(false);
    return factory;
  }
}
