package dev.waybill.testkit;

import static dev.waybill.delivery.FailurePolicy.retry;
import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.MessageBus;
import dev.waybill.routing.Queue;
import dev.waybill.testkit.ContractCase.Charge;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Capabilities.Support;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a consumer that stops leaves to the next one. */
abstract class RestartCases extends RedeliveryCases {
  private static final Duration DEADLINE = Duration.ofSeconds(15);

  /** When a failed message is due again: all else of its case is over by then. */
  private static final Duration LATER = Duration.ofSeconds(15);

  @Test
  @Case(value = "C4", needs = Feature.ATTEMPTS, keyed = true)
  void another_instance_counts_on_where_the_broker_counts_and_starts_at_one_elsewhere() {
    Recorder<Integer> first = new Recorder<>();
    try (MessageBus bus =
        here.charging(
            c ->
                c.onCommand(
                        Charge.class,
                        (m, x) -> {
                          first.add(x.attempt());
                          throw new IllegalStateException("again, later");
                        })
                    .onFailure(retry(0).thenAfter(LATER)))) {
      bus.send(new Charge("a", 1)).join();
      await(first, 1);
    }
    Recorder<Integer> second = new Recorder<>();
    try (MessageBus other =
        here.charging(c -> c.onCommand(Charge.class, (m, x) -> second.add(x.attempt())))) {
      assertThat(other.describe()).contains(here.keyedQueue);
      await(second, 1);
    }
    assertThat(first.all()).containsExactly(1);
    boolean counted = keyedSupport(Feature.ATTEMPTS).level() == Level.NATIVE;
    assertThat(second.all()).containsExactly(counted ? 2 : 1);
  }

  @Test
  @Case(value = "C8", needs = Feature.ATTEMPTS)
  void what_is_given_back_at_a_close_is_no_attempt_or_one_as_declared() {
    Recorder<Integer> first = new Recorder<>();
    CountDownLatch never = new CountDownLatch(1);
    try (MessageBus bus =
        here.bus()
            .drainTimeout(Duration.ZERO)
            .consume(
                here.plainQueue,
                c ->
                    c.concurrency(1)
                        .maxUnsettled(3)
                        .onCommand(
                            Refresh.class,
                            (m, x) -> {
                              first.add(x.attempt());
                              never.await();
                            }))
            .start()) {
      confirmed(Numbers.refresh(bus, IntStream.range(0, 3)));
      await(first, 1);
      until("all to be received", () -> bus.inFlight() == 3);
    }
    Recorder<Integer> second = new Recorder<>();
    try (MessageBus other =
        here.refreshing(c -> c.onCommand(Refresh.class, (m, x) -> second.add(x.attempt())))) {
      assertThat(other.describe()).contains(here.plainQueue);
      await(second, 3);
    }
    assertThat(first.all()).containsExactly(1);
    assertThat(second.all()).hasSize(3).allMatch(ifGivenBack()::contains);
  }

  /** The attempts that a message may be at which was given back unhandled, as declared. */
  private Set<Integer> ifGivenBack() {
    Support attempts = support(Feature.ATTEMPTS);
    if (attempts.level() != Level.NATIVE || !attempts.note().contains("given back")) {
      return Set.of(1);
    }
    return attempts.note().contains("every receipt") ? Set.of(2) : Set.of(1, 2);
  }

  @Test
  @Case("C9")
  void a_second_settlement_changes_nothing_and_one_after_the_close_is_not_owned() {
    Queue queue = here.queue(here.plainQueue);
    try (TransportConnection connection = connected(queue)) {
      Recorder<Delivery> deliveries = new Recorder<>();
      Receiver receiver = connection.receive(queue, 10, listener(deliveries));
      connection.sender().send(queue, refresh(1), DEADLINE).join();
      Delivery accepted = await(deliveries, 1).get(0);
      assertThat(settled(accepted.settle(Settlement.accept()))).isEqualTo(Result.SETTLED);
      assertThat(settled(accepted.settle(Settlement.accept()))).isEqualTo(Result.SETTLED);
      assertThat(settled(accepted.settle(new Settlement.Release(Duration.ZERO, 1))))
          .as("the first settlement's")
          .isEqualTo(Result.SETTLED);
      connection.sender().send(queue, refresh(2), DEADLINE).join();
      Delivery open = await(deliveries, 2).get(1);
      receiver.close();
      receiver.close();
      assertThat(settled(open.settle(Settlement.accept()))).isEqualTo(Result.NOT_OWNED);
      assertThat(settled(open.settle(new Settlement.Reject("late", Map.of()))))
          .isEqualTo(Result.NOT_OWNED);
    }
    assertThat(left(here.plainQueue, 1)).containsExactly(2);
  }

  @Test
  @Case("C15")
  void a_message_that_is_given_back_many_times_is_kept() {
    Queue queue = here.queue(here.plainQueue);
    int times = 40;
    try (TransportConnection connection = connected(queue)) {
      Recorder<Delivery> deliveries = new Recorder<>();
      Receiver receiver = connection.receive(queue, 10, listener(deliveries));
      connection.sender().send(queue, refresh(1), DEADLINE).join();
      for (int i = 0; i < times; i++) {
        Delivery delivery = await(deliveries, i + 1).get(i);
        assertThat(settled(delivery.settle(new Settlement.Release(Duration.ZERO, i + 1))))
            .isEqualTo(Result.SETTLED);
      }
      await(deliveries, times + 1);
      receiver.close();
    }
    assertThat(left(here.plainQueue, 1)).containsExactly(1);
  }

  @Test
  @Case("C10")
  void what_was_open_comes_again_and_what_was_done_after_it_does_not() {
    leaveOneOfMany();
    assertThat(left(here.keyedQueue, 1)).as("one was given back").containsExactly(0);
  }

  @Test
  @Case("C12")
  void when_all_is_done_in_whatever_order_nothing_comes_again() {
    leaveOneOfMany();
    assertThat(left(here.keyedQueue, 1)).containsExactly(0);
    assertThat(left(here.keyedQueue, 0)).isEmpty();
    assertThat(left(here.keyedQueue, 0)).isEmpty();
  }

  /** Handles 1 to 11, and closes impatiently while 0, which came first, is in its handler. */
  private void leaveOneOfMany() {
    Recorder<Integer> begun = new Recorder<>();
    Recorder<Integer> done = new Recorder<>();
    CountDownLatch never = new CountDownLatch(1);
    try (MessageBus bus =
        here.bus()
            .drainTimeout(Duration.ZERO)
            .consume(
                here.keyedQueue,
                c ->
                    c.onCommand(
                        Charge.class,
                        (m, x) -> {
                          begun.add(m.payload().number());
                          if (m.payload().number() == 0) {
                            never.await();
                          }
                          done.add(m.payload().number());
                        }))
            .start()) {
      bus.send(new Charge("account-0", 0)).join();
      await(begun, 1);
      confirmed(Numbers.charge(bus, IntStream.range(1, 12)));
      await(done, 11);
    }
    assertThat(done.all()).doesNotContain(0);
  }

  @Test
  @Case("C11")
  void a_failed_message_is_not_skipped_by_the_success_of_later_ones() {
    Recorder<Integer> failed = new Recorder<>();
    Recorder<Integer> done = new Recorder<>();
    try (MessageBus bus =
        here.charging(
            c ->
                c.onCommand(
                        Charge.class,
                        (m, x) -> {
                          if (m.payload().number() == 0) {
                            failed.add(0);
                            throw new IllegalStateException("always");
                          }
                          done.add(m.payload().number());
                        })
                    .onFailure(retry(1).thenAfter(LATER)))) {
      bus.send(new Charge("account-0", 0)).join();
      await(failed, 2);
      confirmed(Numbers.charge(bus, IntStream.range(1, 12)));
      await(done, 11);
    }
    assertThat(left(here.keyedQueue, 1)).containsExactly(0);
  }

  private TransportConnection connected(Queue queue) {
    TransportConnection connection = harness().transport().connect(DEADLINE);
    assertThat(
            connection.prepare(
                new Topology(List.of(queue), List.of(queue), List.of(queue.deadLetterQueue())),
                Topology.Mode.CREATE))
        .isEmpty();
    return connection;
  }

  private static Receiver.Listener listener(Recorder<Delivery> deliveries) {
    return new Receiver.Listener() {
      @Override
      public void delivered(Delivery delivery) {
        deliveries.add(delivery);
      }

      @Override
      public void failed(dev.waybill.error.MessagingException problem) {}

      @Override
      public void recovered() {}
    };
  }

  private static WireMessage refresh(int number) {
    return wire(
        json("{\"number\":" + number + "}"),
        Map.of("id", "r-" + number, "source", "c", "specversion", "1.0", "type", "refresh.v1"));
  }

  private Result settled(CompletionStage<Result> settlement) {
    return settlement
        .toCompletableFuture()
        .orTimeout(patience().toMillis(), java.util.concurrent.TimeUnit.MILLISECONDS)
        .join();
  }
}
