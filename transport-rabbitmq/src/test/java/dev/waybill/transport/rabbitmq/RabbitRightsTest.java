package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP.BasicProperties;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.RabbitTestAdmin;
import dev.waybill.testkit.broker.RabbitTestBroker;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.rabbitmq.Rights.Right;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the page of the RabbitMQ transport says of permissions: they are enough, and none is too
 * much. The names are those of its table.
 */
class RabbitRightsTest {
  private static final String USER = Wires.name("app");
  private static RabbitTestBroker broker;
  private static RabbitTestAdmin admin;
  private static Native raw;

  private final String suffix = Wires.name("");
  private final Queue queue = new Queue("payments" + suffix, true);
  private final Topic topic = new Topic("orders" + suffix, true);
  private final Subscription subscription = new Subscription(topic, "billing" + suffix);
  private final ReplyQueue replies = new ReplyQueue("shop" + suffix, "1");

  @BeforeAll
  static void open() throws Exception {
    broker = TestBrokers.ownRabbitmq();
    admin = broker.admin();
    admin.addUser(USER, "secret");
    raw = new Native(broker.uri());
  }

  @AfterAll
  static void closeAll() throws Exception {
    raw.close();
    admin.removeUser(USER);
  }

  @AfterEach
  void nothingIsLeft() {
    await().atMost(Recording.LIMIT).untilAsserted(() -> assertThat(RabbitTest.threads()).isEmpty());
  }

  /** What an application does; each is a row of the table. */
  private enum Role {
    SENDER("sends to `payments`"),
    PUBLISHER("publishes to `orders`"),
    CONSUMER("consumes `payments`, and replies"),
    SUBSCRIBER("subscribes `billing` to `orders`"),
    REQUESTER("requests from `payments`, as `shop`"),
    SHARING_CONSUMER("consumes `payments` in partitions"),
    SHARING_SUBSCRIBER("subscribes `billing` to `orders` in partitions"),
    DELAYER("delays what it sends to `payments`");

    private final String row;

    Role(String row) {
      this.row = row;
    }

    List<Right> rights(Mode mode) {
      Rights documented =
          Rights.documented().stream()
              .filter(rights -> rights.role().equals(row))
              .findFirst()
              .orElseThrow(() -> new AssertionError("no row '" + row + "'"));
      List<Right> all = new ArrayList<>(documented.always());
      if (mode == Mode.CREATE) {
        all.addAll(documented.toCreate());
      }
      return all;
    }
  }

  @Test
  void everyRowOfTheTableIsTested() {
    assertThat(Rights.documented())
        .extracting(Rights::role)
        .containsExactlyInAnyOrderElementsOf(Stream.of(Role.values()).map(r -> r.row).toList());
  }

  static Stream<Arguments> rolesAndModes() {
    return Stream.of(Role.values())
        .flatMap(role -> Stream.of(Mode.values()).map(mode -> Arguments.of(role, mode)));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("rolesAndModes")
  void theRightsOfTheTableAreEnough(Role role, Mode mode) throws Exception {
    given(role, mode, role.rights(mode));

    assertThat(attempt(role, mode)).isNull();
  }

  /** What is always needed without being made, and what is needed to make something. */
  static Stream<Arguments> rolesModesAndRights() {
    return Stream.of(Role.values())
        .flatMap(
            role ->
                role.rights(Mode.CREATE).stream()
                    .filter(right -> !isForSharing(right))
                    .map(
                        right ->
                            Arguments.of(
                                role,
                                role.rights(Mode.VERIFY).contains(right)
                                    ? Mode.VERIFY
                                    : Mode.CREATE,
                                right)));
  }

  /** Without it all is received, by the first instance; PartitionedTest has that. */
  private static boolean isForSharing(Right right) {
    return right.operation().equals("read") && right.name().endsWith(".instances");
  }

  @ParameterizedTest(name = "{0} {1} without {2}")
  @MethodSource("rolesModesAndRights")
  void aRightThatIsMissingIsNamedWithWhatItIsFor(Role role, Mode mode, Right missing)
      throws Exception {
    List<Right> others =
        role.rights(mode).stream().filter(right -> !right.equals(missing)).toList();
    given(role, mode, others);

    MessagingException problem = attempt(role, mode);

    assertThat(problem).isNotNull();
    assertThat(problem.code()).as(problem.getMessage()).isEqualTo(ErrorCode.NOT_AUTHORISED);
    assertThat(problem)
        .hasMessageContaining(missing.unique(suffix).replace("*", ""))
        .hasMessageContaining(missing.operation());
  }

  @Test
  void aUserWithoutConfigureVerifiesWithoutSeeingArguments() throws Exception {
    raw.channel.queueDeclare(queue.name(), true, false, false, Map.of("x-max-length", 7));
    raw.channel.queueDeclare(queue.deadLetterQueue().name(), true, false, false, Map.of());
    permit(List.of(new Right("read", queue.name())));

    try (TransportConnection connection = asUser(Role.CONSUMER)) {
      assertThat(connection.prepare(topology(Role.CONSUMER), Mode.VERIFY)).isEmpty();
    }
  }

  /** Makes what the mode takes for granted, and gives the rights. */
  private void given(Role role, Mode mode, List<Right> rights) {
    if (mode != Mode.CREATE) {
      try (TransportConnection connection =
          suited(role, Wires.transport(broker.uri())).connect(Wires.DEADLINE)) {
        Topology needed = topology(role);
        Topology withoutReplies =
            new Topology(needed.channels(), needed.sources(), needed.deadLetterQueues());
        assertThat(connection.prepare(withoutReplies, Mode.CREATE)).isEmpty();
      }
    }
    permit(rights);
  }

  private void permit(List<Right> rights) {
    admin.permit(
        USER,
        Rights.expression(rights, "configure", suffix),
        Rights.expression(rights, "write", suffix),
        Rights.expression(rights, "read", suffix));
  }

  private TransportConnection asUser(Role role) {
    return suited(role, Wires.transport(broker.uri()).user(USER).password("secret"))
        .connect(Wires.DEADLINE);
  }

  /** Of classic queues where it makes no difference, as they are made in no time. */
  private RabbitTransport suited(Role role, RabbitTransport.Builder builder) {
    return switch (role) {
      case SHARING_CONSUMER -> builder.partitions(queue.name(), 2).classicQueues().build();
      case SHARING_SUBSCRIBER -> builder.partitions(subscription.name(), 2).classicQueues().build();
      case DELAYER ->
          builder
              .delays(
                  new DelaySettings(
                      new DelayLevels("waybill.delay" + suffix, Duration.ofMillis(20), 2),
                      true,
                      Duration.ofMinutes(1)))
              .build();
      default -> builder.build();
    };
  }

  /** Does what the role does; the error that it meets, if any. */
  private MessagingException attempt(Role role, Mode mode) throws Exception {
    try (TransportConnection connection = asUser(role)) {
      assertThat(connection.prepare(topology(role), mode)).isEmpty();
      switch (role) {
        case SENDER -> Wires.send(connection.sender(), queue, Wires.message("x"));
        case PUBLISHER -> Wires.send(connection.sender(), topic, Wires.message("x"));
        case CONSUMER -> receive(connection, queue, "", queue.name());
        case SUBSCRIBER -> receive(connection, subscription, topic.name(), "");
        case REQUESTER -> {
          Wires.send(connection.sender(), queue, Wires.message("how much?"));
          Recording recording = new Recording();
          Receiver unused = connection.receive(replies, 1, recording);
          publish("", replies.name(), "42");
          settle(recording, 0, Settlement.accept());
        }
        case SHARING_CONSUMER -> receive(connection, queue, "", queue.name() + ".partition-0");
        case SHARING_SUBSCRIBER -> receive(connection, subscription, topic.name(), "0");
        case DELAYER ->
            Wires.send(connection.sender(), queue, Wires.delayed("x", Duration.ofMillis(20)));
      }
      return null;
    } catch (MessagingException e) {
      return e;
    } catch (ExecutionException e) {
      return (MessagingException) e.getCause();
    }
  }

  private Topology topology(Role role) {
    return switch (role) {
      case SENDER, DELAYER -> new Topology(List.of(queue), List.of(), List.of());
      case PUBLISHER -> new Topology(List.of(topic), List.of(), List.of());
      case CONSUMER, SHARING_CONSUMER -> Wires.topology(queue);
      case SUBSCRIBER, SHARING_SUBSCRIBER -> Wires.topology(subscription);
      case REQUESTER -> new Topology(List.of(queue), List.of(), List.of(), replies);
    };
  }

  private static void receive(
      TransportConnection connection, Source source, String exchange, String routingKey)
      throws Exception {
    Recording recording = new Recording();
    Receiver unused = connection.receive(source, 1, recording);
    publish(exchange, routingKey, "good");
    publish(exchange, routingKey, "bad");
    settle(recording, 0, Settlement.accept());
    settle(recording, 1, new Settlement.Reject("broken", Map.of()));
  }

  private static void publish(String exchange, String routingKey, String body) throws Exception {
    raw.channel.basicPublish(
        exchange,
        routingKey,
        new BasicProperties.Builder().build(),
        body.getBytes(StandardCharsets.UTF_8));
  }

  private static void settle(Recording recording, int index, Settlement how) throws Exception {
    await()
        .atMost(Wires.DEADLINE)
        .until(() -> recording.deliveries.size() > index || !recording.failures.isEmpty());
    if (!recording.failures.isEmpty()) {
      throw recording.failures.get(0);
    }
    assertThat(Recording.settle(recording.delivery(index), how))
        .isEqualTo(Settlement.Result.SETTLED);
  }
}
