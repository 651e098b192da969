package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.awaitility.Awaitility;

/** The client as an application without Waybill uses it. */
final class Native implements AutoCloseable {
  private static final Duration CONFIRMED = Duration.ofSeconds(30);

  private final Connection connection;
  final Channel channel;

  Native(String uri) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(uri);
    factory.setAutomaticRecoveryEnabled(false);
    connection = factory.newConnection();
    channel = connection.createChannel();
    channel.confirmSelect();
  }

  void publish(String queue, BasicProperties properties, String body) throws Exception {
    publish("", queue, properties, body);
  }

  /** Returns when the broker has it: a quorum queue may lose what was sent and not confirmed. */
  void publish(String exchange, String routingKey, BasicProperties properties, String body)
      throws Exception {
    channel.basicPublish(exchange, routingKey, properties, body.getBytes(StandardCharsets.UTF_8));
    channel.waitForConfirmsOrDie(CONFIRMED.toMillis());
  }

  /** Takes the next message off the queue, as soon as there is one. */
  GetResponse take(String queue) {
    return Awaitility.await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> channel.basicGet(queue, true), response -> response != null);
  }

  GetResponse takeNow(String queue) throws Exception {
    return channel.basicGet(queue, true);
  }

  @Override
  public void close() throws Exception {
    connection.close();
  }
}
