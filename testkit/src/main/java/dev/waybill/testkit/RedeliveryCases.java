package dev.waybill.testkit;

import static dev.waybill.delivery.FailurePolicy.retry;
import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.Command;
import dev.waybill.MessageBus;
import dev.waybill.testkit.ContractCase.Charge;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Transport;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What fails comes again: counted, not too early, as it was, and nothing else with it. */
abstract class RedeliveryCases extends ReplayCases {

  @Test
  @Case("C2")
  void what_a_handler_throws_on_comes_again() {
    Recorder<Integer> failed = new Recorder<>();
    Recorder<Integer> handled = new Recorder<>();
    try (MessageBus bus =
        here.refreshing(
            c ->
                c.onCommand(
                        Refresh.class,
                        (m, x) -> {
                          if (x.attempt() == 1) {
                            failed.add(m.payload().number());
                            throw new StackOverflowError("an Error is no acknowledgement either");
                          }
                          handled.add(m.payload().number());
                        })
                    .onFailure(retry(1)))) {
      confirmed(Numbers.refresh(bus, IntStream.range(0, 5)));
      await(handled, 5);
    }
    assertThat(failed.all()).containsExactlyInAnyOrder(0, 1, 2, 3, 4);
    assertThat(handled.all()).containsExactlyInAnyOrder(0, 1, 2, 3, 4);
  }

  @Test
  @Case(value = "C3", needs = Feature.ATTEMPTS, keyed = true)
  void attempts_count_one_two_three() {
    Recorder<Integer> attempts = new Recorder<>();
    try (MessageBus bus =
        here.charging(
            c ->
                c.onCommand(
                        Charge.class,
                        (m, x) -> {
                          attempts.add(x.attempt());
                          if (x.attempt() < 4) {
                            throw new IllegalStateException("not yet");
                          }
                        })
                    .onFailure(
                        retry(1).thenAfter(Duration.ofMillis(50), Duration.ofMillis(100))))) {
      bus.send(new Charge("a", 1)).join();
      await(attempts, 4);
    }
    assertThat(attempts.all()).containsExactly(1, 2, 3, 4);
  }

  @Test
  @Case(value = "C5", needs = Feature.ATTEMPTS)
  void a_copy_that_is_sent_again_starts_at_attempt_one() {
    Recorder<Integer> attempts = new Recorder<>();
    Recorder<String> ids = new Recorder<>();
    try (MessageBus bus =
        here.refreshing(
            c ->
                c.onCommand(
                        Refresh.class,
                        (m, x) -> {
                          attempts.add(x.attempt());
                          ids.add(m.metadata().id());
                          boolean original = m.metadata().header("copy") == null;
                          if (original && x.attempt() == 1) {
                            throw new IllegalStateException("once");
                          }
                          if (original) {
                            x.send(m.with(metadata -> metadata.withHeader("copy", "yes")));
                          }
                        })
                    .onFailure(retry(1)))) {
      bus.send(new Refresh(1)).join();
      await(attempts, 3);
    }
    assertThat(attempts.all()).containsExactly(1, 2, 1);
    assertThat(ids.all()).containsOnly(ids.all().get(0));
  }

  @Test
  @Case(value = "C6", needs = Feature.RETRY_AFTER)
  void a_retry_comes_not_before_its_time() {
    Recorder<Instant> times = new Recorder<>();
    try (MessageBus bus =
        here.refreshing(
            c ->
                c.onCommand(
                    Refresh.class,
                    (m, x) -> {
                      times.add(now());
                      if (x.attempt() < 3) {
                        x.retryAfter(Duration.ofMillis(500));
                      }
                    }))) {
      bus.send(new Refresh(1)).join();
      List<Instant> all = await(times, 3);
      assertThat(all).hasSize(3);
      assertThat(Duration.between(all.get(0), all.get(1))).isGreaterThan(Duration.ofMillis(490));
      assertThat(Duration.between(all.get(1), all.get(2))).isGreaterThan(Duration.ofMillis(490));
    }
  }

  @Test
  @Case(value = "C6", needs = Feature.RETRY_AFTER)
  void a_message_that_always_fails_is_not_a_hot_loop() {
    Recorder<Integer> attempts = new Recorder<>();
    try (MessageBus bus =
        here.refreshing(
            c ->
                c.onCommand(
                    Refresh.class,
                    (m, x) -> {
                      attempts.add(x.attempt());
                      x.retryAfter(Duration.ofMillis(500));
                    }))) {
      Instant before = now();
      bus.send(new Refresh(1)).join();
      await(attempts, 1);
      pass(Duration.ofMillis(1_600));
      int inTheWindow = attempts.all().size();
      long window = Duration.between(before, now()).toMillis(); // longer on a busy machine
      assertThat(inTheWindow)
          .as("at 0, 500, 1000 and so on, in %d ms", window)
          .isLessThanOrEqualTo(1 + (int) (window / 490));
      await(attempts, 4);
    }
  }

  @Test
  @Case("C13")
  void what_a_handler_does_to_a_messages_headers_is_not_seen_by_its_retry() {
    Recorder<Map<String, String>> seen = new Recorder<>();
    Recorder<Throwable> refusals = new Recorder<>();
    try (MessageBus bus =
        here.refreshing(
            c ->
                c.onCommand(
                        Refresh.class,
                        (m, x) -> {
                          Map<String, String> headers = m.metadata().headers();
                          seen.add(Map.copyOf(headers));
                          try {
                            headers.put("tenant", "changed");
                          } catch (UnsupportedOperationException e) {
                            refusals.add(e);
                          }
                          Command<Refresh> changed = m.with(md -> md.withHeader("more", "1"));
                          if (x.attempt() < 3) {
                            throw new IllegalStateException(changed.toString());
                          }
                        })
                    .onFailure(retry(1).thenAfter(Duration.ofMillis(50))))) {
      bus.send(Command.of(new Refresh(1)).with(m -> m.withHeader("tenant", "t-1"))).join();
      await(seen, 3);
    }
    assertThat(seen.all()).hasSize(3).containsOnly(Map.of("tenant", "t-1"));
    assertThat(refusals.all()).hasSize(3);
  }

  @Test
  @Case("C14")
  void a_handler_that_outlasts_its_lease_runs_once() {
    Transport transport = harness().shortLease();
    Duration lease = transport.capabilities(false).leaseDuration();
    if (lease != null && lease.compareTo(Duration.ofSeconds(10)) > 0) {
      notProvable("its leases of %s outlast the suite".formatted(lease));
      return;
    }
    Recorder<Integer> begun = new Recorder<>();
    Recorder<Boolean> lost = new Recorder<>();
    CountDownLatch go = new CountDownLatch(1);
    java.util.function.Consumer<dev.waybill.ConsumerSpec> slow =
        c ->
            c.onCommand(
                Refresh.class,
                (m, x) -> {
                  begun.add(x.attempt());
                  go.await();
                  lost.add(x.isOwnershipLost());
                });
    try (MessageBus one = here.bus(transport).consume(here.plainQueue, slow).start();
        MessageBus other = here.bus(transport).consume(here.plainQueue, slow).start()) {
      until("a balance", () -> harness().isBalanced(List.of(one, other)));
      one.send(new Refresh(1)).join();
      await(begun, 1);
      pass(lease == null ? Duration.ofSeconds(2) : lease.multipliedBy(2));
      go.countDown();
      await(lost, 1);
    } finally {
      go.countDown();
    }
    assertThat(begun.all()).containsExactly(1);
    assertThat(lost.all()).containsExactly(false);
    assertThat(left(here.plainQueue, 0)).isEmpty();
  }

  @Test
  @Case(value = "C15", needs = Feature.ATTEMPTS)
  void many_messages_that_fail_again_and_again_are_all_handled_in_the_end() {
    Recorder<String> attempts = new Recorder<>();
    Recorder<Integer> handled = new Recorder<>();
    try (MessageBus bus =
        here.refreshing(
            c ->
                c.onCommand(
                        Refresh.class,
                        (m, x) -> {
                          attempts.add(m.payload().number() + " " + x.attempt());
                          if (x.attempt() < 6) {
                            throw new IllegalStateException("not yet");
                          }
                          handled.add(m.payload().number());
                        })
                    .onFailure(retry(3).thenAfter(Duration.ofMillis(20), Duration.ofMillis(40))))) {
      confirmed(Numbers.refresh(bus, IntStream.range(0, 60)));
      await(handled, 60);
    }
    assertThat(handled.all()).hasSize(60).doesNotHaveDuplicates();
    assertThat(attempts.all()).hasSize(6 * 60).doesNotHaveDuplicates();
  }

  @Test
  @Case("C16")
  void of_ten_at_once_only_the_five_that_fail_come_again() {
    Recorder<Integer> first = new Recorder<>();
    Recorder<Integer> again = new Recorder<>();
    CountDownLatch all = new CountDownLatch(10);
    try (MessageBus bus =
        here.refreshing(
            c ->
                c.concurrency(10)
                    .onCommand(
                        Refresh.class,
                        (m, x) -> {
                          if (x.attempt() > 1) {
                            again.add(m.payload().number());
                            return;
                          }
                          first.add(m.payload().number());
                          all.countDown();
                          assertThat(all.await(patience().toMillis(), TimeUnit.MILLISECONDS))
                              .isTrue();
                          if (m.payload().number() % 2 == 0) {
                            throw new IllegalStateException("even");
                          }
                        })
                    .onFailure(retry(0).thenAfter(Duration.ofMillis(100))))) {
      confirmed(Numbers.refresh(bus, IntStream.range(0, 10)));
      await(again, 5);
    }
    assertThat(first.all()).hasSize(10).doesNotHaveDuplicates();
    assertThat(again.all()).containsExactlyInAnyOrder(0, 2, 4, 6, 8);
    assertThat(left(here.plainQueue, 0)).isEmpty();
  }
}
