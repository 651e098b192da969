package dev.waybill.transport.rabbitmq;

import static dev.waybill.delivery.FailurePolicy.retry;
import static dev.waybill.transport.rabbitmq.Recording.body;
import static dev.waybill.transport.rabbitmq.Recording.settle;
import static dev.waybill.transport.rabbitmq.Wires.DEADLINE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.GetResponse;
import dev.waybill.DeadLetter;
import dev.waybill.MessageBus;
import dev.waybill.error.ConfigurationException;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Routes;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Reject;
import dev.waybill.transport.Settlement.Release;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is to be tried again later than a delivery may be open. */
class RabbitRetryTest extends RabbitTest {
  private static final Duration UNIT = Duration.ofMillis(20);

  private final DelaySettings delays = Wires.delays(UNIT);
  private final Queue queue = Wires.queue();

  record Work(int number) {}

  @BeforeEach
  void connectWithShortLevels() {
    connection.close();
    connection = Wires.transport(uri()).delays(delays).build().connect(DEADLINE);
  }

  @Test
  void a_message_that_waits_takes_no_credit_and_comes_again_with_its_attempts() throws Exception {
    create(queue);
    send("a");
    send("b");
    Recording recording = receive(queue, 1);
    long released = System.nanoTime();

    assertThat(settle(recording.delivery(0), new Release(UNIT.multipliedBy(60), 4)))
        .isEqualTo(Result.SETTLED);
    assertThat(body(recording.delivery(1))).isEqualTo("b");
    settle(recording.delivery(1), Settlement.accept());

    Delivery again = recording.delivery(2);
    assertThat(Duration.ofNanos(System.nanoTime() - released)).isGreaterThan(UNIT.multipliedBy(60));
    assertThat(body(again)).isEqualTo("a");
    assertThat(again.attempt()).isEqualTo(5);
    assertThat(again.brokerId()).isEqualTo(recording.delivery(0).brokerId());
    assertThat(again.message().attributes())
        .isEqualTo(recording.delivery(0).message().attributes());
    assertThat(again.message().headers()).isEqualTo(recording.delivery(0).message().headers());
    settle(again, Settlement.accept());
    assertThat(recording.deliveries).hasSize(3);
  }

  @Test
  void attempts_go_on_from_those_that_were_carried() throws Exception {
    create(queue);
    send("a");
    Recording recording = receive(queue, 1);
    settle(recording.delivery(0), new Release(UNIT, 4));

    settle(recording.delivery(1), new Release(Duration.ZERO, 5));

    assertThat(recording.delivery(2).attempt()).isEqualTo(6);
    settle(recording.delivery(2), new Release(UNIT, 6));
    assertThat(recording.delivery(3).attempt()).isEqualTo(7);
    settle(
        recording.delivery(3),
        new Reject("no use", Map.of("waybill-dead-letter-reason", "no use")));
    try (Native raw = new Native(uri())) {
      GetResponse letter = raw.take(queue.deadLetterQueue().name());
      assertThat(letter.getProps().getHeaders())
          .containsKeys("wb-tenant", "waybill-dead-letter-reason")
          .doesNotContainKeys("waybill-attempts-made", "x-death", "x-first-death-queue", "BCC");
    }
  }

  @Test
  void only_the_subscription_that_failed_gets_the_message_again() throws Exception {
    Topic topic = new Topic(Wires.name("topic"), false);
    Subscription failing = new Subscription(topic, "failing");
    Subscription other = new Subscription(topic, "other");
    create(failing, other);
    Wires.send(connection.sender(), topic, Wires.message("event"));
    Recording there = receive(other, 5);
    Recording here = receive(failing, 5);

    settle(there.delivery(0), Settlement.accept());
    settle(here.delivery(0), new Release(UNIT, 1));

    assertThat(here.delivery(1).attempt()).isEqualTo(2);
    settle(here.delivery(1), Settlement.accept());
    assertThat(there.deliveries).hasSize(1);
  }

  @Test
  void a_foreign_message_keeps_what_the_broker_does_not_act_on() throws Exception {
    create(queue);
    Recording recording = receive(queue, 5);
    try (Native raw = new Native(uri())) {
      raw.publish(
          queue.name(),
          new BasicProperties.Builder()
              .headers(Map.of("number", 42, "CC", List.of("in:00", "t:x")))
              .correlationId("c-1")
              .expiration("600000")
              .build(),
          "foreign");
    }

    settle(recording.delivery(0), new Release(UNIT, 1));

    Delivery again = recording.delivery(1);
    assertThat(body(again)).isEqualTo("foreign");
    assertThat(again.attempt()).isEqualTo(2);
    assertThat(again.message().headers())
        .containsEntry("number", "42")
        .containsEntry("waybill-original-CC", "[in:00, t:x]")
        .containsEntry("waybill-original-expiration", "600000");
    settle(again, Settlement.accept());
  }

  @Test
  void a_message_that_can_not_be_stored_for_its_retry_is_kept_until_it_can() throws Exception {
    create(queue);
    send("a");
    try (TransportConnection assuming =
        Wires.transport(uri()).delays(delays.withFromStart(true)).build().connect(DEADLINE)) {
      assertThat(assuming.prepare(Wires.topology(queue), Mode.ASSUME)).isEmpty();
      Recording recording = new Recording();
      Receiver unused = assuming.receive(queue, 5, recording);

      CompletableFuture<Result> settled =
          recording.delivery(0).settle(new Release(UNIT, 1)).toCompletableFuture();
      Wires.send(connection.sender(), queue, Wires.delayed("makes the levels", UNIT));

      assertThat(settled.get(60, TimeUnit.SECONDS)).isEqualTo(Result.SETTLED);
      await()
          .atMost(Recording.LIMIT)
          .until(() -> recording.deliveries.stream().anyMatch(next -> next.attempt() == 2));
    }
  }

  @Test
  void where_nobody_says_that_the_delay_queues_lead_back_a_message_is_kept_rather_than_stored()
      throws Exception {
    Queue other = Wires.queue();
    create(other);
    create(queue);
    send("a");
    Wires.send(connection.sender(), other, Wires.delayed("makes the levels", UNIT));
    try (TransportConnection assuming =
        Wires.transport(uri()).delays(delays).build().connect(DEADLINE)) {
      assertThat(assuming.prepare(Wires.topology(queue), Mode.ASSUME)).isEmpty();
      Recording recording = new Recording();
      Receiver unused = assuming.receive(queue, 5, recording);

      CompletableFuture<Result> settled =
          recording.delivery(0).settle(new Release(UNIT, 1)).toCompletableFuture();

      await().during(Duration.ofSeconds(1)).atMost(DEADLINE).until(() -> !settled.isDone());
    }
    Recording recording = new Recording();
    Receiver unused = connection.receive(queue, 5, recording);
    assertThat(body(recording.delivery(0))).isEqualTo("a");
  }

  @Test
  void what_is_given_back_after_several_attempts_in_one_delivery_keeps_them() throws Exception {
    create(queue);
    send("a");
    Recording recording = receive(queue, 1);

    settle(recording.delivery(0), new Release(Duration.ZERO, 4));
    assertThat(recording.delivery(1).attempt()).isEqualTo(5);
    settle(recording.delivery(1), new Release(Duration.ZERO, 5));
    assertThat(recording.delivery(2).attempt()).isEqualTo(6);
    settle(recording.delivery(2), new Release(Duration.ZERO, 8));
    assertThat(recording.delivery(3).attempt()).isEqualTo(9);
    assertThat(recording.delivery(3).brokerId()).isEqualTo(recording.delivery(0).brokerId());
    settle(recording.delivery(3), Settlement.accept());
  }

  @Test
  void what_is_given_back_to_a_classic_queue_keeps_its_attempts() throws Exception {
    try (TransportConnection classic =
        Wires.transport(uri()).classicQueues().delays(delays).build().connect(DEADLINE)) {
      assertThat(classic.prepare(Wires.topology(queue), Mode.CREATE)).isEmpty();
      Wires.send(classic.sender(), queue, Wires.message("a"));
      Recording recording = new Recording();
      Receiver unused = classic.receive(queue, 1, recording);

      settle(recording.delivery(0), new Release(Duration.ZERO, 0));
      assertThat(recording.delivery(1).attempt()).isEqualTo(1);
      settle(recording.delivery(1), new Release(Duration.ZERO, 3));
      assertThat(recording.delivery(2).attempt()).isEqualTo(4);
      settle(recording.delivery(2), new Release(Duration.ZERO, 3));
      assertThat(recording.delivery(3).attempt()).isEqualTo(4);
      settle(recording.delivery(3), new Release(UNIT, 4));
      assertThat(recording.delivery(4).attempt()).isEqualTo(5);
      settle(recording.delivery(4), Settlement.accept());
    }
  }

  @Test
  void a_bus_tries_again_after_long_waits_and_gives_up_with_all_attempts() {
    Routes routes =
        Routes.define(r -> r.command(Work.class).named("tests.work.v1").toQueue(queue.name()));
    List<Integer> attempts = new CopyOnWriteArrayList<>();
    List<DeadLetter> letters = new CopyOnWriteArrayList<>();
    try (MessageBus bus =
        MessageBus.over(Wires.transport(uri()).delays(delays).build())
            .routes(routes)
            .consume(
                queue.name(),
                c ->
                    c.onCommand(
                            Work.class,
                            (command, context) -> {
                              attempts.add(context.attempt());
                              throw new IllegalStateException("always");
                            })
                        .onFailure(
                            retry(1)
                                .thenAfter(UNIT.multipliedBy(10), UNIT.multipliedBy(10))
                                .thenDeadLetter()))
            .consumeDeadLetters(queue.name(), letters::add)
            .start()) {
      bus.send(new Work(1)).join();

      await().atMost(DEADLINE).until(() -> letters.size() == 1);
    }
    assertThat(attempts).containsExactly(1, 2, 3, 4);
    assertThat(letters.get(0).attempts()).isEqualTo(4);
    assertThat(letters.get(0).message().headers()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_wait_that_a_delivery_can_not_be_open_for_is_refused_only_where_there_are_keys(
      boolean keyed) {
    Routes routes =
        Routes.define(
            r -> {
              var route = r.command(Work.class).named("tests.work.v1").toQueue(queue.name());
              if (keyed) {
                route.keyedBy(work -> String.valueOf(work.number()));
              }
            });
    MessageBus.Builder builder =
        MessageBus.over(Transport.at(uri()))
            .routes(routes)
            .consume(
                queue.name(),
                c ->
                    c.onCommand(Work.class, (command, context) -> {})
                        .onFailure(retry(0).thenAfter(Duration.ofDays(30)).thenDeadLetter()));

    if (keyed) {
      assertThatThrownBy(builder::start)
          .isInstanceOf(ConfigurationException.class)
          .hasMessageContaining("PT720H")
          .hasMessageContaining("rabbitmq waits at most PT25M");
    } else {
      MessageBus bus = builder.start();
      bus.close();
    }
  }

  private void send(String body) throws Exception {
    Wires.send(connection.sender(), queue, Wires.message(body));
  }
}
