package dev.waybill.testkit;

import static dev.waybill.delivery.FailurePolicy.retry;
import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.Command;
import dev.waybill.MessageBus;
import dev.waybill.SendReceipt;
import dev.waybill.testkit.ContractCase.Charge;
import dev.waybill.testkit.ContractCase.Refresh;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Order per key and bounded concurrency. */
abstract class OrderCases extends SendingCases {

  @Test
  void the_order_per_key_is_kept_over_retries_and_two_instances() {
    Recorder<Charge> handled = new Recorder<>();
    Map<String, AtomicInteger> running = new java.util.concurrent.ConcurrentHashMap<>();
    Recorder<String> overlaps = new Recorder<>();
    java.util.function.Consumer<dev.waybill.ConsumerSpec> consumer =
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
  void a_key_that_waits_for_its_retry_holds_back_no_other() {
    Recorder<String> handled = new Recorder<>();
    try (MessageBus bus =
        here.charging(
            c ->
                c.concurrency(2)
                    .onCommand(
                        Charge.class,
                        (m, x) -> {
                          if (m.payload().account().equals("stuck") && x.attempt() < 3) {
                            throw new IllegalStateException("not yet");
                          }
                          handled.add(m.payload().account() + m.payload().number());
                        })
                    .onFailure(retry(0).thenAfter(Duration.ofSeconds(1), Duration.ofSeconds(1))))) {
      List<CompletableFuture<SendReceipt>> sends = new ArrayList<>();
      sends.add(bus.send(new Charge("stuck", 1)));
      sends.add(bus.send(new Charge("stuck", 2)));
      IntStream.range(0, 10).forEach(i -> sends.add(bus.send(new Charge("free-" + i, i))));
      confirmed(sends);
      List<String> all = await(handled, 12);
      assertThat(all.subList(10, 12)).containsExactly("stuck1", "stuck2");
    }
  }

  @Test
  void never_more_handlers_run_and_never_more_messages_are_open_than_allowed() {
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus bus =
        here.refreshing(
            c ->
                c.concurrency(3)
                    .maxUnsettled(5)
                    .onCommand(
                        Refresh.class,
                        (m, x) -> {
                          most.accumulateAndGet(running.incrementAndGet(), Math::max);
                          seen.add(m.payload().number());
                          running.decrementAndGet();
                        }))) {
      confirmed(IntStream.range(0, 100).mapToObj(i -> bus.send(new Refresh(i))).toList());
      assertThat(new HashSet<>(await(seen, 100))).hasSize(100);
    }
    assertThat(most.get()).isBetween(1, 3);
  }

  @Test
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
        // a key without an order, so that a broker with partitions spreads them over the consumers
        confirmed(
            IntStream.range(0, 100)
                .mapToObj(i -> Command.of(new Refresh(i)).with(m -> m.withKey("key-" + i)))
                .map(other::send)
                .toList());
        await(busy, 1);
        release.countDown();
        await(all, 101);
      }
    }
  }
}
