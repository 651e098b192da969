package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.Command;
import dev.waybill.MessageBus;
import dev.waybill.routing.Queue;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How many handlers run, and how many messages are open. */
abstract class ConcurrencyCases extends OrderCases {
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  /** In which one more than allowed would show. */
  private static final Duration MOMENT = Duration.ofMillis(500);

  @Test
  @Case("G1")
  void as_many_handlers_run_as_allowed_and_never_more() {
    Gate gate = new Gate();
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus bus =
        here.refreshing(
            c ->
                c.concurrency(3)
                    .maxUnsettled(9)
                    .onCommand(
                        Refresh.class,
                        (m, x) -> {
                          gate.enter();
                          seen.add(m.payload().number());
                        }))) {
      send(bus, 0, 100);
      until("3 handlers inside", () -> gate.inside() == 3);
      pass(MOMENT);
      IntStream.range(0, 50).forEach(i -> gate.letGo(1));
      until("50 handled, and 3 more begun", () -> gate.entered() >= 53);
      gate.open();
      assertThat(new HashSet<>(await(seen, 100))).hasSize(100);
    }
    assertThat(gate.mostSince()).isEqualTo(3);
  }

  @Test
  @Case("G2")
  void concurrency_is_raised_and_lowered_and_the_last_word_counts() {
    Gate gate = new Gate();
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus bus =
        here.refreshing(
            c ->
                c.concurrency(2)
                    .maxUnsettled(9)
                    .onCommand(
                        Refresh.class,
                        (m, x) -> {
                          gate.enter();
                          seen.add(m.payload().number());
                        }))) {
      send(bus, 0, 40);
      until("2 inside", () -> gate.inside() == 2);
      bus.concurrency(here.plainQueue, 5);
      until("5 inside", () -> gate.inside() == 5);
      pass(MOMENT);
      assertThat(gate.mostSince()).as("raised to 5").isEqualTo(5);

      bus.concurrency(here.plainQueue, 1);
      assertThat(gate.inside()).as("those that run go on").isEqualTo(5);
      gate.letGo(4);
      until("4 done", () -> seen.all().size() == 4);
      pass(MOMENT);
      assertThat(gate.entered()).as("no other has begun").isEqualTo(5);
      gate.letGo(5);
      until("5 more done, one after another", () -> seen.all().size() == 9);
      until("the next", () -> gate.inside() == 1);
      assertThat(gate.mostSince()).as("lowered to 1").isEqualTo(1);

      bus.concurrency(here.plainQueue, 6);
      until("6 inside", () -> gate.inside() == 6);
      assertThat(gate.mostSince()).isEqualTo(6);
      bus.concurrency(here.plainQueue, 1);
      bus.concurrency(here.plainQueue, 4);
      bus.concurrency(here.plainQueue, 2);
      gate.letGo(6);
      until("15 done, and 2 inside", () -> seen.all().size() == 15 && gate.inside() == 2);
      pass(MOMENT);
      gate.open();
      assertThat(new HashSet<>(await(seen, 40))).hasSize(40);
      assertThat(gate.mostSince()).as("the last word").isEqualTo(2);
    }
  }

  @Test
  @Case("G2")
  void a_concurrency_that_can_not_be_is_refused() {
    try (MessageBus bus =
        here.refreshing(c -> c.maxUnsettled(9).onCommand(Refresh.class, (m, x) -> {}))) {
      for (int handlers : new int[] {-1, 0, 10}) {
        assertThatThrownBy(() -> bus.concurrency(here.plainQueue, handlers))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining(String.valueOf(handlers));
      }
      assertThatThrownBy(() -> bus.concurrency("elsewhere", 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "This bus does not consume 'elsewhere'; it consumes [%s]."
                  .formatted(here.plainQueue));
    }
  }

  @Test
  @Case("G3")
  void a_stalled_consumer_leaves_the_rest_to_others() {
    CountDownLatch release = new CountDownLatch(1);
    Recorder<Integer> all = new Recorder<>();
    Recorder<Integer> stalled = new Recorder<>();
    Recorder<Integer> busy = new Recorder<>();
    try (MessageBus one =
        here.refreshing(
            c ->
                c.concurrency(1)
                    .maxUnsettled(2)
                    .onCommand(
                        Refresh.class,
                        (m, x) -> {
                          stalled.add(m.payload().number());
                          release.await();
                          all.add(m.payload().number());
                        }))) {
      one.send(new Refresh(-1)).join();
      await(stalled, 1);
      try (MessageBus other =
          here.refreshing(
              c ->
                  c.onCommand(
                      Refresh.class,
                      (m, x) -> {
                        busy.add(m.payload().number());
                        all.add(m.payload().number());
                      }))) {
        send(other, 0, 100);
        await(busy, 1);
        release.countDown();
        await(all, 101);
      }
    }
  }

  @Test
  @Case("G3")
  void a_receiver_whose_deliveries_are_not_settled_is_given_no_more_than_it_asked_for() {
    Open open = new Open();
    try (TransportConnection connection = filled(100)) {
      Receiver receiver = connection.receive(here.queue(here.plainQueue), 5, open);
      until("5 deliveries", () -> open.delivered() >= 5);
      pass(MOMENT);
      assertThat(open.delivered()).isEqualTo(5);
      open.accept(2);
      until("2 more", () -> open.delivered() >= 7);
      pass(MOMENT);
      assertThat(open.delivered()).isEqualTo(7);
      receiver.close();
    }
  }

  @Test
  @Case("G4")
  void a_slow_consumer_never_has_more_open_than_it_asked_for_and_gets_everything() {
    Open open = new Open();
    try (TransportConnection connection = filled(100)) {
      Receiver receiver = connection.receive(here.queue(here.plainQueue), 5, open);
      for (int settled = 0; settled < 100; settled++) {
        until("a delivery", () -> open.now() > 0);
        open.accept(1);
      }
      receiver.close();
    }
    assertThat(open.delivered()).isEqualTo(100);
    assertThat(open.most()).isBetween(1, 5);
  }

  @Test
  @Case("G5")
  void thousands_of_messages_by_fifty_handlers_are_handled_once_each() {
    int count = harness().clock() == null ? 500 : 2_000;
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus bus =
        here.refreshing(
            c ->
                c.concurrency(50)
                    .onCommand(Refresh.class, (m, x) -> seen.add(m.payload().number())))) {
      send(bus, 0, count);
      assertThat(await(seen, count))
          .containsExactlyInAnyOrderElementsOf(IntStream.range(0, count).boxed().toList());
    }
    assertThat(seen.all()).hasSize(count);
  }

  /** Keys without an order, so that a broker with partitions spreads them over all. */
  private static void send(MessageBus bus, int from, int to) {
    confirmed(
        IntStream.range(from, to)
            .mapToObj(i -> Command.of(new Refresh(i)).with(m -> m.withKey("key-" + i)))
            .map(bus::send)
            .toList());
  }

  /** A connection to a queue with so many messages in it. */
  private TransportConnection filled(int messages) {
    Queue queue = here.queue(here.plainQueue);
    TransportConnection connection = harness().transport().connect(TIMEOUT);
    connection.prepare(
        new Topology(List.of(queue), List.of(queue), List.of(queue.deadLetterQueue())),
        Topology.Mode.CREATE);
    IntStream.range(0, messages)
        .mapToObj(
            i ->
                new WireMessage(
                    json("{\"number\":" + i + "}"), null, Map.of(), Map.of(), "key-" + i, null))
        .map(message -> connection.sender().send(queue, message, TIMEOUT))
        .toList()
        .forEach(send -> send.join());
    return connection;
  }
}
