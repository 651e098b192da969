package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LateFlushTest {
  private final ExecutorService shutdowns = Executors.newCachedThreadPool();
  private final LateFlush lateFlush = new LateFlush();
  private ScriptedBroker broker;
  private Connection connection;
  private Channel channel;

  @BeforeEach
  void connect() throws Exception {
    broker = new ScriptedBroker("4.3.1");
    ConnectionFactory factory = lateFlush.factory(shutdowns);
    factory.setUri(broker.uri());
    factory.setAutomaticRecoveryEnabled(false);
    factory.setRequestedHeartbeat(0);
    connection = factory.newConnection();
    channel = connection.createChannel();
  }

  @AfterEach
  void close() throws Exception {
    connection.close();
    broker.close();
    shutdowns.shutdown();
  }

  @Test
  void what_is_written_leaves_with_the_flush() throws Exception {
    for (int i = 0; i < 3; i++) {
      lateFlush.write(() -> channel.basicPublish("", "q", null, new byte[1]));
    }
    assertThat(broker.published()).isZero();

    lateFlush.flush();

    await().atMost(Wires.DEADLINE).until(() -> broker.published() == 3);
  }

  @Test
  void what_somebody_else_writes_leaves_at_once_with_all_before_it() throws Exception {
    Channel other = connection.createChannel();
    lateFlush.write(() -> channel.basicPublish("", "q", null, new byte[1]));

    Thread another =
        new Thread(
            () -> {
              try {
                other.basicPublish("", "q", null, new byte[1]);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    another.start();
    another.join();

    await().atMost(Wires.DEADLINE).until(() -> broker.published() == 2);
  }

  @Test
  void what_is_written_outside_leaves_at_once() throws Exception {
    channel.basicPublish("", "q", null, new byte[1]);

    await().atMost(Wires.DEADLINE).until(() -> broker.published() == 1);
  }
}
