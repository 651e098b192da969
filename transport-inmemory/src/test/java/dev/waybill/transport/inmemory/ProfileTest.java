package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ProfileTest {
  private final VirtualClock clock = VirtualClock.create();
  private final InMemoryBroker broker = InMemoryBroker.create(clock);
  private final List<TransportConnection> connections = new ArrayList<>();

  @AfterEach
  void close() {
    connections.forEach(TransportConnection::close);
  }

  @ParameterizedTest
  @EnumSource(
      value = Profile.class,
      names = {"KAFKA", "SQS"})
  void attemptsThatAreGivenBackAreCountedAsTheBrokerCounts(Profile profile) {
    TransportConnection connection = connect(profile);
    Listening listening = listen(connection, Scene.QUEUE);
    send(connection, Scene.QUEUE, "one", null);

    for (int delivered = 1; delivered <= 3; delivered++) {
      Delivery delivery = listening.next();
      assertThat(delivery.attempt()).isEqualTo(profile == Profile.SQS ? delivered : 1);
      Scene.settle(delivery, new Settlement.Release(Duration.ZERO, 0));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Profile.class,
      names = {"KAFKA", "RABBITMQ"})
  void aDeliveryThatIsGivenBackIsNotAnAttemptAndAFailureIs(Profile profile) {
    TransportConnection connection = connect(profile);
    Listening listening = listen(connection, Scene.QUEUE);
    send(connection, Scene.QUEUE, "one", null);

    Scene.settle(listening.next(), new Settlement.Release(Duration.ZERO, 0));
    Delivery first = listening.next();
    assertThat(first.attempt()).isEqualTo(1);
    Scene.settle(first, new Settlement.Release(Duration.ZERO, 1));
    assertThat(listening.next().attempt()).isEqualTo(2);
  }

  @Test
  void likeKafkaEverythingIsDelayedToAnyLength() {
    TransportConnection connection = connect(Profile.KAFKA);
    Duration years = Duration.ofDays(10_000);

    assertThat(trySend(connection, Scene.QUEUE, "late", years)).isCompleted();
    assertThat(trySend(connection, Scene.KEYED, "late", years)).isCompleted();
    assertThat(trySend(connection, Scene.TOPIC, "late", years)).isCompleted();
  }

  @Test
  void likeRabbitMqEverythingIsDelayedUpToFourYears() {
    TransportConnection connection = connect(Profile.RABBITMQ);
    Duration longest = Duration.ofDays(1461);

    assertThat(trySend(connection, Scene.QUEUE, "late", longest)).isCompleted();
    assertThat(trySend(connection, Scene.KEYED, "late", longest)).isCompleted();
    assertThat(trySend(connection, Scene.TOPIC, "late", longest)).isCompleted();
    assertUnsupported(trySend(connection, Scene.QUEUE, "later", longest.plusNanos(1)));
    assertUnsupported(trySend(connection, Scene.KEYED, "later", longest.plusNanos(1)));
    assertThat(broker.size("payments")).isOne();
  }

  @Test
  void likeSqsOnlyChannelsWithoutKeysDelay() {
    TransportConnection connection = connect(Profile.SQS);
    Duration longest = Duration.ofDays(400);

    assertThat(trySend(connection, Scene.QUEUE, "late", longest)).isCompleted();
    assertThat(trySend(connection, Scene.TOPIC, "late", longest)).isCompleted();
    assertUnsupported(trySend(connection, Scene.KEYED, "late", Duration.ofSeconds(1)));
  }

  @Test
  void likeSqsAQueueWithoutKeysKeepsNoOrder() {
    TransportConnection connection = connect(Profile.SQS);
    for (String text : List.of("1", "2", "3", "4", "5")) {
      send(connection, Scene.QUEUE, text, null);
    }

    assertThat(Listening.texts(listen(connection, Scene.QUEUE).next(5)))
        .containsExactly("2", "1", "4", "3", "5");
  }

  @Test
  void likeSqsAQueueWithKeysKeepsTheOrderPerKey() {
    TransportConnection connection = connect(Profile.SQS);
    for (String text : List.of("1", "2", "3")) {
      send(connection, Scene.KEYED, text, "k");
    }
    Listening listening = listen(connection, Scene.KEYED);
    List<String> order = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Delivery next = listening.next();
      order.add(Listening.text(next));
      Scene.accept(next);
    }

    assertThat(order).containsExactly("1", "2", "3");
  }

  @Test
  void likeSqsADeliveryIsLeasedForThirtySeconds() {
    TransportConnection connection = connect(Profile.SQS);
    Listening listening = listen(connection, Scene.KEYED);
    send(connection, Scene.KEYED, "one", "k");
    Delivery lost = listening.next();
    clock.advance(Duration.ofSeconds(30));

    assertThat(lost.isOwned()).isFalse();
    assertThat(listening.next().attempt()).isEqualTo(2);
  }

  @ParameterizedTest
  @EnumSource(Profile.class)
  void aBodyOverTheLimitIsRejected(Profile profile) {
    TransportConnection connection = connect(profile);
    int most = (int) transport(profile).capabilities(false).maxBodyBytes();
    WireMessage tooLarge = message(new byte[most + 1]);

    assertThat(failure(connection.sender().send(Scene.QUEUE, tooLarge, Scene.DEADLINE)).code())
        .isEqualTo(ErrorCode.TOO_LARGE);
    assertThat(connection.sender().send(Scene.QUEUE, message(new byte[most]), Scene.DEADLINE))
        .isCompleted();
  }

  @ParameterizedTest
  @EnumSource(Profile.class)
  void theLimitsOfTheBuilderComeBeforeTheProfiles(Profile profile) {
    InMemoryTransport transport =
        InMemoryTransport.builder()
            .profile(profile)
            .maxBodyBytes(7)
            .leaseDuration(Duration.ofSeconds(3))
            .build();

    assertThat(transport.capabilities(true).maxBodyBytes()).isEqualTo(7);
    assertThat(transport.capabilities(true).leaseDuration()).isEqualTo(Duration.ofSeconds(3));
  }

  @Test
  void likeSqsOrderDependsOnTheChannel() {
    InMemoryTransport transport = transport(Profile.SQS);

    assertThat(transport.capabilities(true).support(Feature.ORDER_PER_KEY).level())
        .isEqualTo(Level.NATIVE);
    assertThat(transport.capabilities(false).support(Feature.ORDER_PER_KEY).level())
        .isEqualTo(Level.REFUSED);
  }

  private InMemoryTransport transport(Profile profile) {
    return InMemoryTransport.builder().broker(broker).profile(profile).build();
  }

  private TransportConnection connect(Profile profile) {
    TransportConnection connection = transport(profile).connect(Scene.DEADLINE);
    connections.add(connection);
    assertThat(
            connection.prepare(
                Scene.topology(Scene.QUEUE, Scene.KEYED, Scene.BILLING), Topology.Mode.CREATE))
        .isEmpty();
    return connection;
  }

  private static Listening listen(TransportConnection connection, Source source) {
    Listening listening = new Listening();
    connection.receive(source, 100, listening);
    return listening;
  }

  private static void send(TransportConnection connection, Queue queue, String text, String key) {
    connection.sender().send(queue, Scene.message(text, key, null), Scene.DEADLINE).join();
  }

  private static CompletableFuture<String> trySend(
      TransportConnection connection, Channel channel, String text, Duration delay) {
    return connection.sender().send(channel, Scene.message(text, null, delay), Scene.DEADLINE);
  }

  private static WireMessage message(byte[] body) {
    return new WireMessage(body, null, java.util.Map.of(), java.util.Map.of(), null, null);
  }

  private static void assertUnsupported(CompletableFuture<?> send) {
    SendException failure = failure(send);
    assertThat(failure.code()).isEqualTo(ErrorCode.UNSUPPORTED);
    assertThat(failure.certainty()).isEqualTo(SendException.Certainty.REJECTED);
  }

  private static SendException failure(CompletableFuture<?> send) {
    CompletionException failure = catchThrowableOfType(CompletionException.class, send::join);
    return (SendException) failure.getCause();
  }
}
