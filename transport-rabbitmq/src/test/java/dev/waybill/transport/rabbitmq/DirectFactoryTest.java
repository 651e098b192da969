package dev.waybill.transport.rabbitmq;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Delivery;
import dev.waybill.testkit.broker.TestBrokers;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DirectFactoryTest {
  private static final String POOL = "the client's pool";

  private final RabbitThreads threads = new RabbitThreads();
  private final Mailbox mailbox = new Mailbox(threads, "direct");
  private final Queue<String> bodies = new ConcurrentLinkedQueue<>();

  /** What the client runs its consumers on. */
  private final ThreadPoolExecutor pool =
      new ThreadPoolExecutor(
          1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> new Thread(work, POOL));

  private Connection connection;
  private Channel channel;
  private String queue;

  @BeforeEach
  void connect() throws Exception {
    DirectFactory factory = new DirectFactory();
    factory.setUri(TestBrokers.rabbitmq().uri());
    factory.setAutomaticRecoveryEnabled(false);
    connection = factory.newConnection(pool);
    channel = connection.createChannel();
    queue = channel.queueDeclare().getQueue();
  }

  @AfterEach
  void close() throws Exception {
    connection.close();
    mailbox.close();
    pool.shutdown();
  }

  @Test
  void what_our_consumer_gets_does_not_wait_for_the_clients_pool() throws Exception {
    channel.setDefaultConsumer(new Handover(channel, mailbox, new Bodies()));
    channel.rpc(new AMQP.Basic.Consume.Builder().queue(queue).noAck(true).build());

    publish("a", "b", "c");

    await()
        .atMost(Recording.LIMIT)
        .untilAsserted(() -> assertThat(bodies).containsExactly("a", "b", "c"));
    assertThat(pool.getTaskCount()).isZero();
  }

  @Test
  void an_applications_own_consumer_gets_what_it_consumes_as_ever() throws Exception {
    Queue<String> callers = new ConcurrentLinkedQueue<>();
    channel.basicConsume(
        queue,
        true,
        (tag, delivery) -> {
          callers.add(Thread.currentThread().getName());
          bodies.add(new String(delivery.getBody(), UTF_8));
        },
        tag -> {});

    publish("a", "b", "c");

    await()
        .atMost(Recording.LIMIT)
        .untilAsserted(() -> assertThat(bodies).containsExactly("a", "b", "c"));
    assertThat(callers).containsOnly(POOL);
  }

  private void publish(String... texts) throws Exception {
    for (String text : texts) {
      channel.basicPublish("", queue, null, text.getBytes(UTF_8));
    }
  }

  private final class Bodies implements Handover.Listener {
    @Override
    public void arrived(List<Delivery> together) {
      together.forEach(one -> bodies.add(new String(one.getBody(), UTF_8)));
    }

    @Override
    public void begun() {}

    @Override
    public void drained() {}

    @Override
    public void cancelledByBroker() {}
  }
}
