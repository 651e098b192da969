package dev.waybill.transport.rabbitmq;

import static dev.waybill.transport.rabbitmq.Recording.body;
import static dev.waybill.transport.rabbitmq.Recording.settle;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Connection;
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
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What happens at once at a receiver, its listener and its broker, in every order that matters. */
class InterleavedTest {
  private static final Settlement NOT_NOW = new Release(Duration.ZERO, 0);
  private static final Map<String, Object> KEY = Map.of("ce-partitionkey", "k");
  private static final Map<String, Object> KEY_AND_MORE =
      Map.of("ce-partitionkey", "k", "more", "x");

  private final Queue queue = new Queue("q", false);
  private final Queue keyed = new Queue("q", true);
  private final Standing recording = new Standing();
  private ScriptedBroker broker;
  private TransportConnection connection;

  /**
   * Stands still in the delivery of a message that says so, until it is let go; and notes of one
   * whether the first has gone back by then.
   */
  private static final class Standing extends Recording {
    final CountDownLatch stands = new CountDownLatch(1);
    final CountDownLatch goOn = new CountDownLatch(1);
    final AtomicReference<CompletableFuture<?>> firstGoesBack = new AtomicReference<>();
    final AtomicReference<Boolean> firstHasGoneBack = new AtomicReference<>();

    @Override
    public void delivered(Delivery delivery) {
      super.delivered(delivery);
      if (body(delivery).equals("stands")) {
        stands.countDown();
        await().atMost(Recording.LIMIT).until(() -> goOn.getCount() == 0);
      } else if (body(delivery).equals("next")) {
        await().atMost(Recording.LIMIT).until(() -> firstGoesBack.get() != null);
        firstHasGoneBack.set(firstGoesBack.get().isDone());
      }
    }

    void awaitStanding() throws InterruptedException {
      assertThat(stands.await(60, TimeUnit.SECONDS)).isTrue();
    }
  }

  @BeforeEach
  void connect() throws Exception {
    broker = new ScriptedBroker("4.3.1");
    connection = broker.transport().connect(Wires.DEADLINE);
  }

  @AfterEach
  void closeAndLeaveNothing() throws Exception {
    recording.goOn.countDown();
    connection.close();
    broker.close();
    await().atMost(Recording.LIMIT).untilAsserted(() -> assertThat(RabbitTest.threads()).isEmpty());
  }

  @Test
  void a_queue_is_consumed_again_though_something_came_just_before_its_consumer_was_cancelled()
      throws Exception {
    Receiver receiver = connection.receive(queue, 10, recording);
    ScriptedBroker.Consumer first = broker.consumer(0);
    broker.holdCancels();
    receiver.pause();
    await()
        .atMost(Wires.DEADLINE)
        .until(() -> broker.from(first, AMQP.Basic.Cancel.class).size() == 1);
    receiver.resume();
    first.deliver(1, false, Map.of(), "stands");
    recording.awaitStanding();

    first.deliver(2, false, Map.of(), "a");
    broker.answerCancel();
    recording.goOn.countDown();

    broker.consumer(1).deliver(3, false, Map.of(), "b");
    recording.delivery(2);
    assertThat(recording.bodies()).containsExactly("stands", "a", "b");
  }

  @Test
  void a_close_ends_the_channel_though_the_listener_stands_still() throws Exception {
    Receiver receiver = connection.receive(keyed, 10, recording);
    ScriptedBroker.Consumer consumer = broker.consumer(0);
    consumer.deliver(1, false, KEY, "a");
    Delivery open = recording.delivery(0);
    consumer.deliver(2, false, KEY, "stands");
    recording.awaitStanding();

    receiver.close();

    assertThat(open.isOwned()).isFalse();
    assertThat(settle(open, Settlement.accept())).isEqualTo(Result.NOT_OWNED);
    await()
        .atMost(Wires.DEADLINE)
        .until(() -> broker.from(consumer, AMQP.Channel.Close.class).size() == 1);
    assertThat(connection.unwrap(Connection.class).orElseThrow().isOpen()).isTrue();
    assertThat(broker.from(consumer, AMQP.Basic.Ack.class)).isEmpty();
  }

  @Test
  void another_message_is_not_taken_for_the_one_that_went_back() throws Exception {
    Receiver unused = connection.receive(keyed, 10, recording);
    ScriptedBroker.Consumer consumer = broker.consumer(0);
    consumer.deliver(1, false, KEY, "m");
    settle(recording.delivery(0), NOT_NOW);

    consumer.deliver(2, false, KEY, "m"); // sent before the first was back, and looks like it
    consumer.deliver(3, true, KEY_AND_MORE, "m"); // from another instance that is gone
    awaitGivenBack(consumer, 3);
    assertThat(recording.deliveries).hasSize(1);

    consumer.deliver(4, true, KEY, "m");
    consumer.deliver(5, true, KEY, "m");
    consumer.deliver(6, true, KEY_AND_MORE, "m");
    consumer.deliver(7, false, KEY, "m");
    recording.delivery(4);
    assertThat(recording.deliveries)
        .extracting(each -> each.message().headers().get("more"))
        .containsExactly(null, null, null, "x", null);
    awaitGivenBack(consumer, 3);
  }

  @Test
  void what_comes_again_before_the_one_that_went_back_after_it_goes_back_once_more()
      throws Exception {
    ScriptedBroker.Consumer consumer = failingTwiceBeforeAnother();

    consumer.deliver(5, true, KEY, "a");
    consumer.deliver(6, true, KEY, "b");

    recording.delivery(3);
    assertThat(recording.bodies()).containsExactly("a", "a", "a", "b");
  }

  @Test
  void what_went_back_again_is_not_kept_by_one_that_does_not_come_any_more() throws Exception {
    ScriptedBroker.Consumer consumer = failingTwiceBeforeAnother();

    consumer.deliver(5, true, KEY, "b");

    recording.delivery(2);
    assertThat(recording.bodies()).containsExactly("a", "a", "b");
  }

  /** While "b" was on its way "a" went back, and again before "b" was here again. */
  private ScriptedBroker.Consumer failingTwiceBeforeAnother() throws Exception {
    Receiver unused = connection.receive(keyed, 10, recording);
    ScriptedBroker.Consumer consumer = broker.consumer(0);
    consumer.deliver(1, false, KEY, "a");
    settle(recording.delivery(0), NOT_NOW);
    consumer.deliver(2, false, KEY, "b");
    consumer.deliver(3, true, KEY, "a");
    settle(recording.delivery(1), NOT_NOW);
    awaitGivenBack(consumer, 3);
    consumer.deliver(4, true, KEY, "b");
    awaitGivenBack(consumer, 4);
    return consumer;
  }

  @Test
  void a_message_is_given_back_before_another_is_handed_out_in_its_place() throws Exception {
    Receiver receiver = connection.receive(queue, 1, recording);
    ScriptedBroker.Consumer consumer = broker.consumer(0);
    consumer.deliver(1, false, Map.of(), "first");
    Delivery first = recording.delivery(0);
    consumer.deliver(2, false, Map.of(), "next");
    await().atMost(Wires.DEADLINE).until(() -> receiver.status().waiting() == 1);

    recording.firstGoesBack.set(first.settle(NOT_NOW).toCompletableFuture());

    await().atMost(Wires.DEADLINE).until(() -> recording.firstHasGoneBack.get() != null);
    assertThat(recording.firstHasGoneBack.get()).isTrue();
  }

  private void awaitGivenBack(ScriptedBroker.Consumer consumer, int count) {
    await()
        .atMost(Wires.DEADLINE)
        .until(() -> broker.from(consumer, AMQP.Basic.Nack.class).size() == count);
  }
}
