package dev.waybill.testkit;

import static dev.waybill.delivery.FailurePolicy.retry;
import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.ConsumerSpec;
import dev.waybill.MessageBus;
import dev.waybill.SendReceipt;
import dev.waybill.testkit.ContractCase.Charge;
import dev.waybill.transport.Capabilities.Feature;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Order per key. */
abstract class OrderCases extends AtomicSettlementCases {
  private static final Duration WAIT = Duration.ofMillis(100);

  @Test
  @Case(value = "F1", needs = Feature.ORDER_PER_KEY, keyed = true)
  void the_order_per_key_is_kept_over_retries_and_two_instances() {
    Recorder<Charge> handled = new Recorder<>();
    Map<String, AtomicInteger> running = new ConcurrentHashMap<>();
    Recorder<String> overlaps = new Recorder<>();
    Consumer<ConsumerSpec> consumer =
        c ->
            c.onCommand(
                    Charge.class,
                    (m, x) -> {
                      Charge charge = m.payload();
                      AtomicInteger count =
                          running.computeIfAbsent(charge.account(), k -> new AtomicInteger());
                      if (count.incrementAndGet() > 1) {
                        overlaps.add(charge.toString());
                      }
                      try {
                        if (charge.number() % 7 == 3 && x.attempt() == 1) {
                          throw new IllegalStateException("once");
                        }
                        handled.add(charge);
                      } finally {
                        count.decrementAndGet();
                      }
                    })
                .onFailure(retry(0).thenAfter(Duration.ofMillis(50)));
    try (MessageBus one = here.charging(consumer);
        MessageBus other = here.charging(consumer)) {
      assertThat(other.describe()).contains("in order per key");
      List<CompletableFuture<SendReceipt>> sends = new ArrayList<>();
      for (int number = 0; number < 20; number++) {
        for (String account : List.of("a", "b", "c", "d")) {
          sends.add(one.send(new Charge(account, number)));
        }
      }
      confirmed(sends);
      await(handled, 80);
    }
    assertThat(overlaps.all()).as("two at a time of one key").isEmpty();
    for (String account : List.of("a", "b", "c", "d")) {
      assertThat(handled.all())
          .filteredOn(charge -> charge.account().equals(account))
          .extracting(Charge::number)
          .containsExactlyElementsOf(IntStream.range(0, 20).boxed().toList());
    }
  }

  @Test
  @Case(value = "F1", needs = Feature.ORDER_PER_KEY, keyed = true)
  void while_a_message_is_handled_no_instance_is_given_the_one_behind_it() {
    Gate gate = new Gate();
    Recorder<Integer> begun = new Recorder<>();
    // The messages are more than one instance may hold, so that a broker which does not know of
    // keys has to give some of them to the other.
    Consumer<ConsumerSpec> consumer =
        c ->
            c.concurrency(2)
                .maxUnsettled(2)
                .onCommand(
                    Charge.class,
                    (m, x) -> {
                      begun.add(m.payload().number());
                      gate.enter();
                    });
    try (MessageBus one = here.charging(consumer);
        MessageBus other = here.charging(consumer)) {
      assertThat(other.describe()).contains(here.keyedQueue);
      confirmed(IntStream.range(0, 10).mapToObj(i -> one.send(new Charge("a", i))).toList());
      for (int number = 0; number < 10; number++) {
        await(begun, number + 1);
        pass(WAIT);
        assertThat(begun.all()).containsExactlyElementsOf(numbers(number + 1));
        gate.letGo(1);
      }
    }
  }

  @Test
  @Case(value = "F2", needs = Feature.ORDER_PER_KEY, keyed = true)
  void a_key_whose_head_waits_for_its_retry_keeps_its_order_and_holds_back_no_other() {
    Recorder<String> handled = new Recorder<>();
    try (MessageBus bus =
        here.charging(
            c ->
                c.concurrency(2)
                    .onCommand(
                        Charge.class,
                        (m, x) -> {
                          if (m.payload().account().equals("stuck") && handled.all().size() < 10) {
                            throw new IllegalStateException("not before the others");
                          }
                          handled.add(m.payload().account() + m.payload().number());
                        })
                    .onFailure(retry(0).thenBackoff(WAIT, 1, WAIT, 200)))) {
      List<CompletableFuture<SendReceipt>> sends = new ArrayList<>();
      sends.add(bus.send(new Charge("stuck", 1)));
      sends.add(bus.send(new Charge("stuck", 2)));
      IntStream.range(0, 10).forEach(i -> sends.add(bus.send(new Charge("free-" + i, i))));
      confirmed(sends);
      assertThat(await(handled, 12).subList(10, 12)).containsExactly("stuck1", "stuck2");
    }
  }

  @Test
  @Case(value = "F2", needs = Feature.ORDER_PER_KEY, keyed = true)
  void a_head_that_is_given_back_is_delivered_before_those_behind_it() {
    Recorder<Integer> first = new Recorder<>();
    CountDownLatch never = new CountDownLatch(1);
    MessageBus bus =
        here.bus()
            .drainTimeout(Duration.ZERO)
            .consume(
                here.keyedQueue,
                c ->
                    c.onCommand(
                        Charge.class,
                        (m, x) -> {
                          first.add(m.payload().number());
                          never.await();
                        }))
            .start();
    try (bus) {
      confirmed(IntStream.range(0, 10).mapToObj(i -> bus.send(new Charge("a", i))).toList());
      await(first, 1);
    }
    assertThat(first.all()).containsExactly(0);
    Recorder<Integer> second = new Recorder<>();
    try (MessageBus next =
        here.charging(c -> c.onCommand(Charge.class, (m, x) -> second.add(m.payload().number())))) {
      assertThat(next.describe()).contains(here.keyedQueue);
      assertThat(await(second, 10)).containsExactlyElementsOf(numbers(10));
    }
  }

  @Test
  @Case(value = "F4", needs = Feature.ORDER_PER_KEY, keyed = true)
  void as_many_keys_as_may_be_handled_are_handled_side_by_side() {
    Gate gate = new Gate();
    Recorder<String> begun = new Recorder<>();
    Recorder<String> handled = new Recorder<>();
    try (MessageBus bus =
        here.charging(
            c ->
                c.concurrency(16)
                    .onCommand(
                        Charge.class,
                        (m, x) -> {
                          begun.add(m.payload().account());
                          gate.enter();
                          handled.add(m.payload().account());
                        }))) {
      List<CompletableFuture<SendReceipt>> sends = new ArrayList<>();
      for (int number = 0; number < 2; number++) {
        for (int account = 0; account < 16; account++) {
          sends.add(bus.send(new Charge("account-" + account, number)));
        }
      }
      confirmed(sends);
      until("a handler of each of 16 keys inside", () -> gate.inside() == 16);
      gate.open();
      await(handled, 32);
    }
    assertThat(begun.all().subList(0, 16)).as("one at a time per key").doesNotHaveDuplicates();
  }

  @Test
  @Case(value = "F5", needs = Feature.ORDER_PER_KEY, keyed = true)
  void the_messages_of_one_key_are_handled_in_the_order_in_which_they_were_sent() {
    Recorder<Integer> handled = new Recorder<>();
    try (MessageBus bus =
        here.charging(
            c -> c.onCommand(Charge.class, (m, x) -> handled.add(m.payload().number())))) {
      confirmed(IntStream.range(0, 60).mapToObj(i -> bus.send(new Charge("one", i))).toList());
      assertThat(await(handled, 60)).containsExactlyElementsOf(numbers(60));
    }
  }

  private static List<Integer> numbers(int count) {
    return IntStream.range(0, count).boxed().toList();
  }
}
