package dev.waybill.transport.rabbitmq;

import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GatheringSocketTest {
  private final RabbitThreads threads = new RabbitThreads();
  private final ExecutorService blocking = Executors.newCachedThreadPool();
  private ScriptedBroker broker;
  private RabbitLink link;
  private Channel channel;

  @BeforeEach
  void connect() throws Exception {
    broker = new ScriptedBroker("4.3.1");
    link = new RabbitLink(RabbitUri.settings(broker.uri()), "publish", threads);
    link.open(Wires.DEADLINE);
    Connection connection = link.connection();
    channel = connection.createChannel();
  }

  @AfterEach
  void close() throws Exception {
    GatheringSocket.gather(false);
    link.close();
    broker.close();
    blocking.shutdown();
  }

  @Test
  void what_is_gathered_leaves_with_the_flush() throws Exception {
    GatheringSocket.gather(true);
    for (int i = 0; i < 3; i++) {
      publish();
    }
    GatheringSocket.gather(false);
    await()
        .during(Duration.ofMillis(300))
        .atMost(Wires.DEADLINE)
        .until(() -> broker.published() == 0);

    link.flush();

    await().atMost(Wires.DEADLINE).until(() -> broker.published() == 3);
  }

  @Test
  void what_another_thread_writes_leaves_at_once_with_all_before_it() throws Exception {
    GatheringSocket.gather(true);
    publish();

    blocking
        .submit(
            () -> {
              channel.basicPublish("", "q", null, new byte[1]);
              return true;
            })
        .get();

    await().atMost(Wires.DEADLINE).until(() -> broker.published() == 2);
  }

  @Test
  void a_message_that_no_other_follows_leaves_at_once() throws Exception {
    publish();

    await().atMost(Wires.DEADLINE).until(() -> broker.published() == 1);
  }

  @Test
  void what_fills_the_buffer_does_not_wait_for_more() throws Exception {
    GatheringSocket.gather(true);

    channel.basicPublish("", "q", null, new byte[100_000]);

    await().atMost(Wires.DEADLINE).until(() -> broker.published() == 1);
  }

  private void publish() throws Exception {
    channel.basicPublish("", "q", null, new byte[1]);
  }
}
