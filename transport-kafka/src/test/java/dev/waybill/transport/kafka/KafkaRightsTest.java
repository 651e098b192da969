package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.KafkaDelayTest.delayed;
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
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Sender;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.kafka.Rights.Right;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
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
    KafkaFixture.awaitNoThreads();
  }

  /** What an application does; each is a row of the table. */
  private enum Role {
    SENDER("sends to `payments`", null),
    CONSUMER("consumes `payments`", null),
    SUBSCRIBER("subscribes `billing` to `orders`", null),
    REQUESTER("requests from `payments`, as `shop`", null),
    REPLIER("consumes `payments` and replies to `shop`", CONSUMER),
    DELAYING_SENDER("sends to `payments`, also with a delay", SENDER),
    MOVING_CONSUMER("consumes `payments`, also what was delayed", CONSUMER),
    TRANSACTIONAL_CONSUMER("consumes `payments` exactly-once and sends to `orders`", CONSUMER),
    SHARING_SUBSCRIBER("subscribes `billing` to `orders` with a share group", null);

    private final String row;

    /** The role whose rights are among this one's, and need not be tested twice. */
    private final @Nullable Role simpler;

    Role(String row, @Nullable Role simpler) {
      this.row = row;
      this.simpler = simpler;
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
      all.addAll(rightsOfMode(mode));
      return all;
    }

    private List<Right> rightsOfMode(Mode mode) {
      return switch (mode) {
        case ASSUME -> List.of();
        case VERIFY -> rights().toVerify();
        case CREATE -> rights().toCreate();
      };
    }

    /**
     * Those that are tested to be needed in a mode. Those of the first column are in the one that
     * does nothing but the work, and, for the first rows, in {@code VERIFY}, which misses them when
     * it looks; the others in their mode, but once if both modes ask for them.
     */
    List<Right> tested(Mode mode) {
      List<Right> tested = new ArrayList<>(rightsOfMode(mode));
      boolean first = simpler == null && this != SHARING_SUBSCRIBER;
      if (mode == Mode.ASSUME || (mode == Mode.VERIFY && first)) {
        tested.addAll(rights().always());
      }
      if (mode == Mode.CREATE) {
        tested.removeAll(rights().toVerify());
      }
      if (simpler != null) {
        tested.removeAll(simpler.rights(mode));
      }
      return tested;
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
                    .tested((Mode) pair[1]).stream()
                        .map(right -> Arguments.of(pair[0], pair[1], right)));
  }

  @ParameterizedTest(name = "{0} {1} without {2}")
  @MethodSource("rolesModesAndRights")
  void aRightThatIsMissingIsNamedWithItsResource(Role role, Mode mode, Right missing)
      throws Exception {
    given(role, mode, missing);

    if (role == Role.MOVING_CONSUMER) {
      moveWithout(missing, mode);
      return;
    }
    MessagingException problem = attempt(role, mode);

    assertThat(problem).isNotNull();
    assertThat(problem.code()).as(problem.getMessage()).isEqualTo(ErrorCode.NOT_AUTHORISED);
    assertThat(problem.getMessage())
        .contains("'" + missing.unique(suffix) + "'")
        .contains("the right ")
        .contains(missing.operation());
  }

  /** Makes what the mode takes for granted, and gives the rights. */
  private void given(Role role, Mode mode, @Nullable Right missing) throws Exception {
    if (mode != Mode.CREATE) {
      make(role);
    } else if (role == Role.REPLIER) {
      kafka.create(List.of("replies.shop" + suffix)); // its requester does that
    }
    kafka.allow(
        role.rights(mode).stream()
            .filter(right -> !right.equals(missing))
            .map(right -> right.of(PRINCIPAL, suffix))
            .toList());
  }

  private void make(Role role) throws Exception {
    switch (role) {
      case DELAYING_SENDER, MOVING_CONSUMER, SHARING_SUBSCRIBER -> {
        try (TransportConnection maker =
            builder(SecuredKafka.asSuperUser(), role, true)
                .build()
                .connect(KafkaFixture.DEADLINE)) {
          assertThat(maker.prepare(topology(role), Mode.CREATE)).isEmpty();
        }
      }
      default -> kafka.create(topics(role.rights()));
    }
    if (role == Role.SUBSCRIBER) {
      kafka.begin(KafkaNames.group(subscription), topic.name());
    }
  }

  private KafkaTransport.Builder builder(
      KafkaTransport.Builder builder, Role role, boolean delays) {
    return role == Role.SHARING_SUBSCRIBER
        ? builder.shareGroup(topic.name(), subscription.subscriber())
        : builder.delays(
            new DelaySettings(
                delays,
                new DelayLevels(10), // of which a short delay takes several
                Duration.ofMillis(100)));
  }

  private Set<String> topics(Rights rights) {
    return rights.always().stream()
        .filter(right -> right.type() == ResourceType.TOPIC)
        .map(right -> right.unique(suffix))
        .collect(Collectors.toSet());
  }

  private TransportConnection connected(Role role) {
    return builder(SecuredKafka.asUser(), role, false).build().connect(KafkaFixture.DEADLINE);
  }

  /** Does what the role does; the error that it meets, if any. */
  private @Nullable MessagingException attempt(Role role, Mode mode) throws Exception {
    try (TransportConnection connection = connected(role)) {
      assertThat(connection.prepare(topology(role), mode)).isEmpty();
      switch (role) {
        case SENDER -> send(connection, queue, message("x"));
        case DELAYING_SENDER ->
            send(connection, queue, message("x"), delayed("y", Duration.ofMinutes(1)));
        case CONSUMER -> receive(connection, queue, queue.name());
        case SUBSCRIBER, SHARING_SUBSCRIBER -> receive(connection, subscription, topic.name());
        case TRANSACTIONAL_CONSUMER -> receiveAtomically(connection);
        case MOVING_CONSUMER -> move(receive(connection, queue, queue.name()), mode);
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
      case SENDER, DELAYING_SENDER -> new Topology(List.of(queue), List.of(), List.of());
      case CONSUMER, REPLIER, MOVING_CONSUMER ->
          new Topology(List.of(queue), List.of(queue), dlq(queue));
      case TRANSACTIONAL_CONSUMER ->
          new Topology(List.of(queue, topic), List.of(queue), dlq(queue));
      case SUBSCRIBER, SHARING_SUBSCRIBER ->
          new Topology(List.of(topic), List.of(subscription), dlq(subscription));
      case REQUESTER -> new Topology(List.of(queue), List.of(), List.of(), replies);
    };
  }

  private static List<Queue> dlq(Source source) {
    return List.of(source.deadLetterQueue());
  }

  private static Inbox receive(TransportConnection connection, Source source, String topic)
      throws Exception {
    Inbox inbox = new Inbox();
    connection.receive(source, 1, inbox);
    kafka.send(topic, null, "good", "bad");
    settleNext(inbox, Settlement.accept());
    settleNext(inbox, new Settlement.Reject("broken", Map.of()));
    return inbox;
  }

  private void receiveAtomically(TransportConnection connection) throws Exception {
    Inbox inbox = new Inbox();
    connection.receiveAtomically(queue, 1, inbox);
    kafka.send(queue.name(), null, "good", "bad");
    List<Sender.Addressed> sent = List.of(new Sender.Addressed(topic, message("x")));
    settleNext(inbox, next -> next.settleTogether(Settlement.accept(), sent));
    settleNext(inbox, new Settlement.Reject("broken", Map.of()));
  }

  /** Somebody else delays a message, which waits several times, comes, and leaves nothing. */
  private void move(Inbox inbox, Mode mode) throws Exception {
    try (TransportConnection sender = delayingSender()) {
      send(sender, queue, delayed("late", Duration.ofMillis(300)));
    }
    settleNext(inbox, Settlement.accept());
    if (mode != Mode.ASSUME) {
      kafka.awaitCleaned(delayTopic());
    }
  }

  /** What is missing for the moving is in the log, for others may have it. */
  private void moveWithout(Right missing, Mode mode) throws Exception {
    String expected =
        "the right %s on %s '%s' is missing"
            .formatted(
                missing.operation(),
                missing.type() == ResourceType.GROUP ? "consumer group" : "topic",
                missing.unique(suffix));
    try (Logged logged = new Logged();
        TransportConnection connection = connected(Role.MOVING_CONSUMER);
        TransportConnection sender = delayingSender()) {
      assertThat(connection.prepare(topology(Role.MOVING_CONSUMER), mode)).isEmpty();
      connection.receive(queue, 10, new Inbox());
      await()
          .atMost(Inbox.LONG_ENOUGH)
          .pollInterval(Duration.ofMillis(500))
          .untilAsserted(
              () -> { // again, for one that is late does not wait any more
                send(sender, queue, delayed("late", Duration.ofMillis(300)));
                assertThat(logged.lines("dev.waybill")).anyMatch(l -> l.contains(expected));
              });
    }
  }

  private TransportConnection delayingSender() {
    TransportConnection sender =
        builder(SecuredKafka.asSuperUser(), Role.MOVING_CONSUMER, true)
            .build()
            .connect(KafkaFixture.DEADLINE);
    Topology only = new Topology(List.of(queue), List.of(), List.of());
    assertThat(sender.prepare(only, Mode.CREATE)).isEmpty();
    return sender;
  }

  private String delayTopic() {
    return KafkaNames.delayTopic(queue.name());
  }

  private static void settleNext(Inbox inbox, Settlement settlement) throws Exception {
    settleNext(inbox, next -> next.settle(settlement));
  }

  private static void settleNext(
      Inbox inbox, Function<Delivery, CompletionStage<Settlement.Result>> how) throws Exception {
    await().atMost(Inbox.LONG_ENOUGH).until(() -> inbox.size() > 0 || refusal(inbox).isPresent());
    if (inbox.size() == 0) {
      throw refusal(inbox).orElseThrow();
    }
    CompletableFuture<Settlement.Result> result = how.apply(inbox.next()).toCompletableFuture();
    await().atMost(Inbox.LONG_ENOUGH).until(() -> result.isDone() || refusal(inbox).isPresent());
    if (!result.isDone()) {
      throw refusal(inbox).orElseThrow();
    }
    assertThat(result.join()).isEqualTo(Settlement.Result.SETTLED);
  }

  /** A connection that is lost for a moment is none. */
  private static Optional<MessagingException> refusal(Inbox inbox) {
    return inbox.failures.stream()
        .filter(failure -> failure.code() == ErrorCode.NOT_AUTHORISED)
        .findFirst();
  }
}
