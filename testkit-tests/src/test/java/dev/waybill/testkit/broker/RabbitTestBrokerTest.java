package dev.waybill.testkit.broker;

import static dev.waybill.testkit.broker.BrokerLife.assertNothingIsLeftOf;
import static dev.waybill.testkit.broker.BrokerLife.processOf;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.BlockedListener;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.MessageProperties;
import com.rabbitmq.client.ShutdownSignalException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class RabbitTestBrokerTest {

  private static RabbitTestBroker broker;

  @BeforeAll
  static void start() {
    broker = RabbitTestBroker.start();
  }

  @AfterAll
  static void close() {
    broker.close();
  }

  @Test
  void carries_messages() throws Exception {
    try (Connection connection = connect(broker.uri());
        Channel channel = queue(connection, "carried")) {
      publish(channel, "carried", "a");

      assertThat(next(channel, "carried")).isEqualTo("a");
    }
    assertThat(broker.version()).matches("RabbitMQ \\d+\\.\\d+\\.\\d+");
  }

  @Test
  void refuses_a_wrong_password() {
    String guess = broker.uri().replace("waybill:waybill@", "waybill:guess@");

    assertThatThrownBy(() -> connect(guess)).isInstanceOf(AuthenticationFailureException.class);
  }

  @Test
  void keeps_confirmed_messages_over_a_kill() throws Exception {
    try (Connection connection = connect(broker.uri());
        Channel channel = queue(connection, "kept")) {
      publish(channel, "kept", "a");
      publish(channel, "kept", "b");
    }
    ProcessHandle process = processOf(broker);

    broker.kill();
    assertThat(process.isAlive()).isFalse();
    broker.restart();

    try (Connection connection = connect(broker.uri());
        Channel channel = connection.createChannel()) {
      assertThat(next(channel, "kept")).isEqualTo("a");
      assertThat(next(channel, "kept")).isEqualTo("b");
    }
  }

  @Test
  void stops_cleanly_although_it_is_paused() {
    ProcessHandle process = processOf(broker);
    broker.pause();

    broker.stop();

    assertThat(process.isAlive()).isFalse();
    assertThatThrownBy(() -> broker.counts("any"))
        .isInstanceOf(BrokerUnavailableException.class)
        .hasMessage("RabbitMQ is not running: restart() it first");
    broker.restart();
  }

  @Test
  void answers_nothing_while_it_is_paused() throws Exception {
    try (Connection connection = connect(broker.uri());
        Channel channel = queue(connection, "paused")) {
      channel.basicPublish("", "paused", null, "a".getBytes(UTF_8));
      channel.waitForConfirmsOrDie(60_000);

      broker.pause();
      channel.basicPublish("", "paused", null, "b".getBytes(UTF_8));
      assertThatThrownBy(() -> channel.waitForConfirms(1_000)).isInstanceOf(TimeoutException.class);
      broker.resume();

      assertThat(channel.waitForConfirms(60_000)).isTrue();
    }
  }

  @Test
  void counts_what_a_queue_holds() throws Exception {
    try (Connection connection = connect(broker.uri());
        Channel channel = queue(connection, "counted (ä)")) {
      publish(channel, "counted (ä)", "a");
      publish(channel, "counted (ä)", "b");
      assertThat(broker.counts("counted (ä)")).isEqualTo(new QueueCounts(2, 0, 0));

      channel.basicGet("counted (ä)", false);

      await().until(() -> broker.counts("counted (ä)").equals(new QueueCounts(1, 1, 0)));
    }
    assertThatThrownBy(() -> broker.counts("unknown"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("RabbitMQ has no queue 'unknown' in " + broker.uri());
  }

  @Test
  void counts_what_a_quorum_queue_holds() throws Exception {
    try (Connection connection = connect(broker.uri());
        Channel channel = connection.createChannel()) {
      channel.confirmSelect();
      channel.queueDeclare("quorum", true, false, false, Map.of("x-queue-type", "quorum"));
      publish(channel, "quorum", "a");
      publish(channel, "quorum", "b");
      assertThat(broker.counts("quorum")).isEqualTo(new QueueCounts(2, 0, 0));

      channel.basicQos(1);
      channel.basicConsume("quorum", false, (tag, message) -> {}, tag -> {});

      await().until(() -> broker.counts("quorum").equals(new QueueCounts(1, 1, 1)));
    }
  }

  @Test
  void blocks_publishers_until_told_otherwise() throws Exception {
    CompletableFuture<String> blocked = new CompletableFuture<>();
    CompletableFuture<Void> unblocked = new CompletableFuture<>();
    try (Connection connection = connect(broker.uri());
        Channel channel = queue(connection, "blocked")) {
      connection.addBlockedListener(
          new BlockedListener() {
            @Override
            public void handleBlocked(String reason) {
              blocked.complete(reason);
            }

            @Override
            public void handleUnblocked() {
              unblocked.complete(null);
            }
          });

      try {
        broker.blockPublishers();
        await()
            .until(
                () -> {
                  channel.basicPublish("", "blocked", null, "a".getBytes(UTF_8));
                  return blocked.isDone();
                });
      } finally {
        broker.unblockPublishers();
      }

      assertThat(blocked).isCompletedWithValue("low on memory");
      unblocked.get(60, SECONDS);
      assertThat(channel.waitForConfirms(60_000)).isTrue();
    }
  }

  @Test
  void closes_the_connections_of_its_clients() throws Exception {
    CompletableFuture<ShutdownSignalException> cause = new CompletableFuture<>();
    Connection connection = connect(broker.uri());
    connection.addShutdownListener(cause::complete);

    broker.closeConnections();

    assertThat(cause.get(60, SECONDS).getMessage())
        .contains("reply-code=320")
        .contains("CONNECTION_FORCED - closed by the test");
  }

  @Test
  void leaves_nothing_behind() {
    RabbitTestBroker closed = RabbitTestBroker.builder().property("heartbeat", "7").start();
    List<ProcessHandle> all = BrokerLife.treeOf(processOf(closed));
    assertThat(all).anyMatch(process -> process.info().command().orElse("").endsWith("epmd"));

    closed.close();

    assertNothingIsLeftOf(closed);
    await().untilAsserted(() -> assertThat(all).noneMatch(ProcessHandle::isAlive));
  }

  private static Connection connect(String uri) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(uri);
    factory.setAutomaticRecoveryEnabled(false);
    return factory.newConnection();
  }

  private static Channel queue(Connection connection, String name) throws Exception {
    Channel channel = connection.createChannel();
    channel.confirmSelect();
    channel.queueDeclare(name, true, false, false, Map.of());
    return channel;
  }

  private static void publish(Channel channel, String queue, String body) throws Exception {
    channel.basicPublish("", queue, MessageProperties.PERSISTENT_BASIC, body.getBytes(UTF_8));
    channel.waitForConfirmsOrDie(60_000);
  }

  private static String next(Channel channel, String queue) throws Exception {
    GetResponse response = channel.basicGet(queue, true);
    return new String(response.getBody(), UTF_8);
  }
}
