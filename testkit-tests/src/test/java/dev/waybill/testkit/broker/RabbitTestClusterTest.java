package dev.waybill.testkit.broker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.MessageProperties;
import dev.waybill.testkit.BrokerFaults;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class RabbitTestClusterTest {
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final Duration CONFIRM_LIMIT = Duration.ofSeconds(10);
  private static final String QUEUE = "kept";

  @Test
  void goes_on_without_one_of_its_nodes_and_takes_it_back() throws Exception {
    List<RabbitTestBroker> nodes;
    try (RabbitTestCluster cluster = RabbitTestCluster.start()) {
      assertThat(cluster.version()).matches("RabbitMQ \\d+\\.\\d+\\.\\d+, 3 nodes");
      nodes = IntStream.rangeClosed(1, 3).mapToObj(cluster::node).toList();
      assertThat(cluster.uri())
          .isEqualTo(
              "amqp://waybill:waybill@127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d/waybill",
              nodes.get(0).port(), nodes.get(1).port(), nodes.get(2).port());
      try (Connection connection = connect(nodes.get(0));
          Channel channel = connection.createChannel()) {
        channel.queueDeclare(QUEUE, true, false, false, Map.of("x-queue-type", "quorum"));
      }
      publish(nodes.get(0), "before");
      BrokerFaults faults = cluster.faults();

      faults.stop();

      assertThat(BrokerLife.isOpen(nodes.get(0).port())).isFalse();
      publish(nodes.get(1), "without one");
      assertComes(nodes.get(2), "before");
      assertComes(nodes.get(2), "without one");

      faults.start();

      publish(nodes.get(0), "with all");
      assertComes(nodes.get(0), "with all");
      alarmsAreHeardOnAllNodes(nodes);
    }
    nodes.forEach(BrokerLife::assertNothingIsLeftOf);
  }

  private static void alarmsAreHeardOnAllNodes(List<RabbitTestBroker> nodes) throws Exception {
    CompletableFuture<String> blocked = new CompletableFuture<>();
    try (Connection connection = connect(nodes.get(2));
        Channel channel = connection.createChannel()) {
      connection.addBlockedListener(blocked::complete, () -> {});
      nodes.get(0).blockPublishers();
      try {
        await()
            .atMost(LIMIT)
            .until(
                () -> {
                  channel.basicPublish("", QUEUE, null, "a".getBytes(UTF_8));
                  return blocked.isDone();
                });
      } finally {
        nodes.get(0).unblockPublishers();
      }
    }
  }

  private static Connection connect(TestBroker node) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(node.uri());
    factory.setAutomaticRecoveryEnabled(false);
    return factory.newConnection();
  }

  /**
   * Publishes until it is confirmed, each time by another connection: while a queue has no leader,
   * RabbitMQ answers with a nack, or not at all.
   */
  private static void publish(TestBroker node, String body) {
    await(body)
        .atMost(LIMIT)
        .ignoreException(TimeoutException.class)
        .until(
            () -> {
              try (Connection connection = connect(node);
                  Channel channel = connection.createChannel()) {
                channel.confirmSelect();
                channel.basicPublish(
                    "", QUEUE, MessageProperties.PERSISTENT_BASIC, body.getBytes(UTF_8));
                return channel.waitForConfirms(CONFIRM_LIMIT.toMillis());
              }
            });
  }

  /** Takes messages until {@code body} comes. */
  private static void assertComes(TestBroker node, String body) throws Exception {
    try (Connection connection = connect(node);
        Channel channel = connection.createChannel()) {
      await(body)
          .atMost(LIMIT)
          .until(
              () -> {
                GetResponse response = channel.basicGet(QUEUE, true);
                return response != null && new String(response.getBody(), UTF_8).equals(body);
              });
    }
  }
}
