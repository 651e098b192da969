package dev.waybill.transport.rabbitmq;

import static dev.waybill.transport.rabbitmq.Recording.body;
import static dev.waybill.transport.rabbitmq.Recording.settle;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP.BasicProperties;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Release;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The order of a key when a receiver that goes on receiving gives one of its messages back. */
class GivenBackTest extends RabbitTest {
  private static final Settlement NOT_NOW = new Release(Duration.ZERO, 0);

  private Queue queue = Wires.keyedQueue();

  @BeforeEach
  void create() {
    create(queue);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void what_is_held_during_a_pause_comes_behind_what_is_given_back(boolean classic)
      throws Exception {
    if (classic) {
      connection.close();
      connection = Wires.transport(uri()).classicQueues().build().connect(Wires.DEADLINE);
      queue = Wires.keyedQueue();
      create(queue);
    }
    send("m0", "k");
    Recording recording = new Recording();
    Receiver receiver = receive(queue, 10, recording);
    recording.delivery(0);
    receiver.pause();
    send("m1", "k");
    send("m2", "k");
    send("other", "other");
    awaitWaiting(receiver, 3);

    settle(recording.delivery(0), NOT_NOW);
    awaitWaiting(receiver, 4);
    receiver.resume();

    recording.delivery(4);
    assertThat(recording.bodies()).filteredOn("other"::equals).hasSize(1);
    assertThat(recording.bodies())
        .filteredOn(body -> !body.equals("other"))
        .containsExactly("m0", "m0", "m1", "m2");
  }

  @Test
  void what_was_on_its_way_comes_behind_what_is_given_back() throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    CountDownLatch stands = new CountDownLatch(1);
    Recording recording =
        new Recording() {
          @Override
          public void delivered(Delivery delivery) {
            super.delivered(delivery);
            if (body(delivery).equals("stands still")) {
              stands.countDown();
              await().atMost(LIMIT).until(() -> goOn.getCount() == 0);
            }
          }
        };
    Receiver unused = receive(queue, 10, recording);
    send("m0", "k");
    recording.delivery(0);
    send("stands still", "other");
    assertThat(stands.await(60, TimeUnit.SECONDS)).isTrue();

    CompletableFuture<Result> back = recording.delivery(0).settle(NOT_NOW).toCompletableFuture();
    send("m1", "k");
    send("m2", "k");
    awaitReady(0);
    goOn.countDown();

    assertThat(back.get(60, TimeUnit.SECONDS)).isEqualTo(Result.SETTLED);
    recording.delivery(4);
    assertThat(recording.bodies()).containsExactly("m0", "stands still", "m0", "m1", "m2");
  }

  @Test
  void what_an_instance_left_comes_behind_what_the_next_gives_back_however_little_its_credit()
      throws Exception {
    for (int i = 0; i < 4; i++) {
      send("m" + i, "k");
    }
    Recording first = new Recording();
    Receiver left = receive(queue, 4, first);
    first.delivery(3);
    left.close();
    Recording recording = receive(queue, 1);

    settle(recording.delivery(0), NOT_NOW);
    for (int i = 1; i <= 4; i++) {
      settle(recording.delivery(i), Settlement.accept());
    }

    assertThat(recording.bodies()).containsExactly("m0", "m0", "m1", "m2", "m3");
  }

  @Test
  void another_instance_gets_what_has_come_again_in_order_too() throws Exception {
    send("m0", "k");
    Recording recording = new Recording();
    Receiver receiver = receive(queue, 10, recording);
    recording.delivery(0);
    receiver.pause();
    send("m1", "k");
    send("m2", "k");
    awaitWaiting(receiver, 2);
    settle(recording.delivery(0), NOT_NOW);
    awaitWaiting(receiver, 3);
    receiver.close();

    try (TransportConnection other = open(uri())) {
      Recording next = new Recording();
      Receiver unused = other.receive(queue, 10, next);
      next.delivery(2);

      assertThat(next.bodies()).containsExactly("m0", "m1", "m2");
    }
  }

  @Test
  void those_behind_it_that_are_open_go_back_with_it() throws Exception {
    Recording recording = receive(queue, 10);
    send("m0", "k");
    send("other", "other");
    send("m1", "k");
    Delivery behind = recording.delivery(2);

    settle(recording.delivery(0), NOT_NOW);

    assertThat(behind.isOwned()).isFalse();
    assertThat(settle(behind, Settlement.accept())).isEqualTo(Result.NOT_OWNED);
    assertThat(settle(recording.delivery(1), Settlement.accept())).isEqualTo(Result.SETTLED);
    settle(recording.delivery(3), Settlement.accept());
    settle(recording.delivery(4), Settlement.accept());
    assertThat(recording.bodies()).containsExactly("m0", "other", "m1", "m0", "m1");
    assertThat(recording.failures).isEmpty();
  }

  @Test
  void what_is_accepted_behind_it_does_not_go_back() throws Exception {
    Recording recording = receive(queue, 200);
    send("m0", "k");
    send("m1", "k");
    send("m2", "k");
    recording.delivery(2);

    CompletableFuture<Result> accepted =
        recording.delivery(1).settle(Settlement.accept()).toCompletableFuture();
    settle(recording.delivery(0), NOT_NOW);

    assertThat(accepted.get(60, TimeUnit.SECONDS)).isEqualTo(Result.SETTLED);
    settle(recording.delivery(3), Settlement.accept());
    settle(recording.delivery(4), Settlement.accept());
    assertThat(recording.bodies()).containsExactly("m0", "m1", "m2", "m0", "m2");
    assertThat(recording.failures).isEmpty();
  }

  @Test
  void going_back_behind_another_is_no_attempt_and_a_failure_is_one() throws Exception {
    send("m0", "k");
    Recording recording = new Recording();
    Receiver receiver = receive(queue, 10, recording);
    recording.delivery(0);
    receiver.pause();
    send("m1", "k");
    awaitWaiting(receiver, 1);

    settle(recording.delivery(0), new Release(Duration.ZERO, 1));
    awaitWaiting(receiver, 2);
    receiver.resume();

    assertThat(recording.delivery(1).attempt()).isEqualTo(2);
    assertThat(recording.delivery(2).attempt()).isEqualTo(1);
  }

  @Test
  void messages_without_an_id_keep_their_order_as_well() throws Exception {
    Recording recording = new Recording();
    Receiver receiver = receive(queue, 10, recording);
    foreign("m0");
    recording.delivery(0);
    receiver.pause();
    foreign("m1");
    foreign("m2");
    awaitWaiting(receiver, 2);

    settle(recording.delivery(0), NOT_NOW);
    awaitWaiting(receiver, 3);
    receiver.resume();

    recording.delivery(3);
    assertThat(recording.bodies()).containsExactly("m0", "m0", "m1", "m2");
  }

  @Test
  void what_the_broker_drops_instead_of_giving_it_again_does_not_hold_up_its_key()
      throws Exception {
    Queue dropping = Wires.keyedQueue();
    try (Native raw = new Native(uri())) {
      raw.channel.queueDeclare(
          dropping.name(),
          true,
          false,
          false,
          Map.of(
              "x-queue-type", "quorum", "x-single-active-consumer", true, "x-delivery-limit", 1));
    }
    queue = dropping;
    Recording recording = receive(queue, 10);
    send("m0", "k");
    settle(recording.delivery(0), NOT_NOW);
    send("m1", "k");
    recording.delivery(2);

    settle(recording.delivery(1), NOT_NOW); // the last time that the broker would give it

    assertThat(body(recording.delivery(3))).isEqualTo("m1");
    assertThat(settle(recording.delivery(3), Settlement.accept())).isEqualTo(Result.SETTLED);
    send("m2", "k");
    recording.delivery(4);
    assertThat(recording.bodies()).containsExactly("m0", "m0", "m1", "m1", "m2");
  }

  private void send(String body, String key) throws Exception {
    Wires.send(connection.sender(), queue, Wires.message(body, key));
  }

  private void foreign(String body) throws Exception {
    try (Native raw = new Native(uri())) {
      raw.publish(
          queue.name(),
          new BasicProperties.Builder().headers(Map.of("ce-partitionkey", "k")).build(),
          body);
    }
  }

  private static void awaitWaiting(Receiver receiver, int count) {
    await().atMost(Recording.LIMIT).until(() -> receiver.status().waiting() == count);
  }

  /** So many are at the broker, and not on their way. */
  private void awaitReady(int count) throws Exception {
    try (Native raw = new Native(uri())) {
      await().atMost(Recording.LIMIT).until(() -> raw.channel.messageCount(queue.name()) == count);
    }
  }
}
