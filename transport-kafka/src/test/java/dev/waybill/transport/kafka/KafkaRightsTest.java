package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.Inbox.settle;
import static dev.waybill.transport.kafka.KafkaFixture.message;
import static dev.waybill.transport.kafka.KafkaFixture.send;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.kafka.Rights.Right;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.resource.ResourceType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the page of the Kafka transport says of rights: they are enough, and none is too much. The
 * names are those of its table.
 */
class KafkaRightsTest {
  private static final String PRINCIPAL = "User:" + TestBrokers.USER;
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static SecuredKafka kafka;

  private final String suffix = "-" + System.nanoTime() + COUNT.incrementAndGet();
  private final Queue queue = new Queue("payments" + suffix, true);
  private final Topic topic = new Topic("orders" + suffix, true);
  private final Subscription subscription = new Subscription(topic, "billing" + suffix);
  private final ReplyQueue replies = new ReplyQueue("shop" + suffix, "1");

  @BeforeAll
  static void open() {
    kafka = new SecuredKafka();
  }

  @AfterAll
  static void closeAll() {
    kafka.close();
  }

  @AfterEach
  void close() throws Exception {
    kafka.takeAll();
    assertThat(KafkaFixture.ownThreads()).isEmpty();
  }

  /** What an application does; each is a row of the table. */
  private enum Role {
    SENDER("sends to `payments`"),
    CONSUMER("consumes `payments`"),
    SUBSCRIBER("subscribes `billing` to `orders`"),
    REQUESTER("requests from `payments`, as `shop`"),
    REPLIER("consumes `payments` and replies to `shop`");

    private final String row;

    Role(String row) {
      this.row = row;
    }

    Rights rights() {
      try {
        return Rights.documented().stream()
            .filter(rights -> rights.role().equals(row))
            .findFirst()
            .orElseThrow(() -> new AssertionError("no row '" + row + "'"));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    List<Right> rights(Mode mode) {
      List<Right> all = new ArrayList<>(rights().always());
      if (mode == Mode.CREATE) {
        all.addAll(rights().toCreate());
      }
      return all;
    }
  }

  @Test
  void everyRowOfTheTableIsTested() throws Exception {
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
    given(role, mode, null);

    assertThat(attempt(role, mode)).isNull();
  }

  static Stream<Arguments> rolesModesAndRights() {
    return rolesAndModes()
        .map(Arguments::get)
        .flatMap(
            pair ->
                ((Role) pair[0])
                    .rights((Mode) pair[1]).stream()
                        .filter(right -> pair[0] != Role.REPLIER || !isConsumers(right))
                        .map(right -> Arguments.of(pair[0], pair[1], right)));
  }

  /** The rights of a replier are those of a consumer, which need not be tested twice, and more. */
  private static boolean isConsumers(Right right) {
    return Role.CONSUMER.rights(Mode.CREATE).contains(right);
  }

  @ParameterizedTest(name = "{0} {1} without {2}")
  @MethodSource("rolesModesAndRights")
  void aRightThatIsMissingIsNamedWithItsResource(Role role, Mode mode, Right missing)
      throws Exception {
    given(role, mode, missing);

    MessagingException problem = attempt(role, mode);

    assertThat(problem).isNotNull();
    assertThat(problem.code()).as(problem.getMessage()).isEqualTo(ErrorCode.NOT_AUTHORISED);
    String operation = missing.operation().name().substring(1).toLowerCase(Locale.ROOT);
    assertThat(problem.getMessage())
        .contains("'" + missing.unique(suffix) + "'")
        .contains("the right ")
        .contains(missing.operation().name().charAt(0) + operation);
  }

  /** Makes what the mode takes for granted, and gives the rights. */
  private void given(Role role, Mode mode, @Nullable Right missing) throws Exception {
    List<Right> rights = role.rights(mode);
    if (mode != Mode.CREATE) {
      kafka.create(topics(role.rights()));
      if (role == Role.SUBSCRIBER) {
        kafka.begin(KafkaNames.group(subscription), topic.name());
      }
    } else if (role == Role.REPLIER) {
      kafka.create(List.of("replies.shop" + suffix)); // its requester does that
    }
    kafka.allow(
        rights.stream()
            .filter(right -> !right.equals(missing))
            .map(right -> right.of(PRINCIPAL, suffix))
            .toList());
  }

  private Set<String> topics(Rights rights) {
    return rights.always().stream()
        .filter(right -> right.type() == ResourceType.TOPIC)
        .map(right -> right.unique(suffix))
        .collect(Collectors.toSet());
  }

  /** Does what the role does; the error that it meets, if any. */
  private @Nullable MessagingException attempt(Role role, Mode mode) throws Exception {
    try (TransportConnection connection =
        SecuredKafka.asUser().build().connect(KafkaFixture.DEADLINE)) {
      assertThat(connection.prepare(topology(role), mode)).isEmpty();
      switch (role) {
        case SENDER -> send(connection, queue, message("x"));
        case CONSUMER -> receive(connection, queue, queue.name());
        case SUBSCRIBER -> receive(connection, subscription, topic.name());
        case REQUESTER -> {
          send(connection, queue, message("how much?"));
          Inbox inbox = new Inbox();
          connection.receive(replies, 1, inbox);
          kafka.send("replies.shop" + suffix, "1".getBytes(UTF_8), "42");
          settleNext(inbox, Settlement.accept());
        }
        case REPLIER -> {
          receive(connection, queue, queue.name());
          send(connection, replies, message("42"));
        }
      }
      return null;
    } catch (MessagingException e) {
      return e;
    } catch (CompletionException e) {
      return (MessagingException) e.getCause();
    }
  }

  private Topology topology(Role role) {
    return switch (role) {
      case SENDER -> new Topology(List.of(queue), List.of(), List.of());
      case CONSUMER, REPLIER -> new Topology(List.of(queue), List.of(queue), dlq(queue));
      case SUBSCRIBER -> new Topology(List.of(topic), List.of(subscription), dlq(subscription));
      case REQUESTER -> new Topology(List.of(queue), List.of(), List.of(), replies);
    };
  }

  private static List<Queue> dlq(Source source) {
    return List.of(source.deadLetterQueue());
  }

  private static void receive(TransportConnection connection, Source source, String topic)
      throws Exception {
    Inbox inbox = new Inbox();
    connection.receive(source, 1, inbox);
    kafka.send(topic, null, "good", "bad");
    settleNext(inbox, Settlement.accept());
    settleNext(inbox, new Settlement.Reject("broken", Map.of()));
  }

  private static void settleNext(Inbox inbox, Settlement settlement) throws Exception {
    await().atMost(Inbox.LONG_ENOUGH).until(() -> inbox.size() > 0 || !inbox.failures.isEmpty());
    if (!inbox.failures.isEmpty()) {
      throw inbox.failures.get(0);
    }
    assertThat(settle(inbox.next(), settlement)).isEqualTo(Settlement.Result.SETTLED);
  }
}
