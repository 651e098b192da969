package dev.waybill.internal;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.Outcome;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Capabilities.Support;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Reject;
import dev.waybill.transport.Settlement.Release;
import dev.waybill.transport.Settlement.Result;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class DispatcherDrainTest {
  private static final Duration LONG = ofSeconds(60);
  private static final Queue SOURCE = new Queue("q", true);

  private final ScriptedPipeline pipeline = new ScriptedPipeline();
  private final ManualWorkers manual = new ManualWorkers();
  private final ManualTimer timer = new ManualTimer();
  private final List<String> releases = new CopyOnWriteArrayList<>();
  private Dispatcher dispatcher = dispatcher(1, pipeline, manual);

  private Dispatcher dispatcher(int concurrency, Pipeline pipeline, ExecutorService workers) {
    return new Dispatcher(
        SOURCE,
        concurrency,
        pipeline,
        new Settler(SOURCE, timer, Clock.systemUTC(), SendReports.to(List.of())),
        workers,
        timer,
        new Support(Level.EMULATED, null, ""),
        null);
  }

  private FakeDelivery deliver(String name, String key) {
    return deliver(name, key, 1);
  }

  private FakeDelivery deliver(String name, String key, int attempt) {
    return deliver(
        new FakeDelivery(name, FakeDelivery.of(name, key).message(), attempt)
            .answering(settlement -> noted(name, settlement)));
  }

  private FakeDelivery deliver(FakeDelivery delivery) {
    dispatcher.delivered(delivery);
    manual.work();
    return delivery;
  }

  private CompletableFuture<Result> noted(String name, Settlement settlement) {
    if (settlement instanceof Release) {
      releases.add(name);
    }
    return CompletableFuture.completedFuture(Result.SETTLED);
  }

  private CompletableFuture<Void> draining(Duration patience) {
    return CompletableFuture.runAsync(() -> dispatcher.drain(patience), drainer());
  }

  private static java.util.concurrent.Executor drainer() {
    return task -> {
      Thread thread = new Thread(task, "drainer");
      thread.setDaemon(true);
      thread.start();
    };
  }

  @Test
  void with_nothing_open_it_ends_at_once_and_the_workers_with_it() {
    dispatcher.drain(LONG);

    assertThat(manual.isShutdown()).isTrue();
  }

  @Test
  void what_has_not_begun_is_given_back_uncounted_and_in_order_of_arrival() {
    deliver("running", "r");
    FakeDelivery first = deliver("b", "k");
    deliver("a", "l");
    deliver("c", "k");
    deliver("d", null);
    FakeDelivery third = deliver("e", "m", 3);

    CompletableFuture<Void> draining = draining(LONG);
    await().until(() -> releases.size() == 5);

    assertThat(releases).containsExactly("b", "a", "c", "d", "e");
    assertThat(first.settlements).containsExactly(new Release(ZERO, 0));
    assertThat(third.settlements).containsExactly(new Release(ZERO, 2));
    assertThat(draining).isNotDone();
    pipeline.call("running").succeed();
    assertThat(draining).succeedsWithin(ofSeconds(10));
    assertThat(pipeline.begun()).containsExactly("running");
  }

  @Test
  void what_runs_may_end_and_is_settled() {
    FakeDelivery a = deliver("a", "k");
    CompletableFuture<Void> draining = stopped();

    pipeline.call("a").succeed();

    assertThat(draining).succeedsWithin(ofSeconds(10));
    assertThat(a.settlements).containsExactly(Settlement.accept());
  }

  @Test
  void what_fails_meanwhile_is_given_back_counted_and_is_not_tried_again() {
    FakeDelivery a = deliver("a", "k");
    CompletableFuture<Void> draining = stopped();

    pipeline.call("a").retry(ofSeconds(10));

    assertThat(draining).succeedsWithin(ofSeconds(10));
    assertThat(a.settlements).containsExactly(new Release(ZERO, 1));
  }

  @Test
  void it_ends_only_when_the_last_settlement_has_an_answer() {
    CompletableFuture<Result> settled = new CompletableFuture<>();
    deliver(FakeDelivery.of("a", "k").answering(() -> settled));
    pipeline.call("a").succeed();
    deliver("b", "l");

    CompletableFuture<Void> draining = stopped();
    pipeline.call("b").succeed();
    assertThat(draining).isNotDone();

    settled.complete(Result.SETTLED);
    assertThat(draining).succeedsWithin(ofSeconds(10));
  }

  @Test
  void what_waits_for_a_retry_is_given_back_at_once() {
    FakeDelivery a = deliver("a", "k");
    FakeDelivery b = deliver("b", "k");
    pipeline.call("a").retry(LONG);

    dispatcher.drain(LONG);

    assertThat(a.settlements).containsExactly(new Release(ZERO, 1));
    assertThat(b.settlements).containsExactly(new Release(ZERO, 0));
    assertThat(releases).containsExactly("a", "b");
    timer.advance(LONG);
    assertThat(a.settlements).hasSize(1);
  }

  @Test
  void what_stands_behind_a_running_one_of_its_key_is_given_back_when_that_is_settled() {
    deliver("a", "k");
    FakeDelivery b = deliver("b", "k");
    deliver("c", "k");
    deliver("other", "l");

    CompletableFuture<Void> draining = draining(LONG);
    await().until(() -> releases.contains("other"));
    assertThat(b.settlements).isEmpty();

    pipeline.call("a").succeed();
    assertThat(draining).succeedsWithin(ofSeconds(10));
    assertThat(releases).containsExactly("other", "b", "c");
    assertThat(pipeline.begun()).containsExactly("a");
  }

  @Test
  void one_that_fails_meanwhile_is_given_back_before_those_behind_it() {
    deliver("a", "k");
    deliver("b", "k");
    deliver("c", "k");
    CompletableFuture<Void> draining = stopped();

    pipeline.call("a").retry(ZERO);

    assertThat(draining).succeedsWithin(ofSeconds(10));
    assertThat(releases).containsExactly("a", "b", "c");
  }

  @Test
  void a_dead_letter_that_could_not_be_put_down_is_given_back_and_does_not_let_the_next_go_ahead() {
    FakeDelivery a =
        deliver(
            FakeDelivery.of("a", "k")
                .answering(
                    settlement ->
                        settlement instanceof Reject
                            ? CompletableFuture.failedFuture(
                                new MessagingException(ErrorCode.BROKER_UNAVAILABLE, "not now"))
                            : noted("a", settlement)));
    deliver("b", "k");
    pipeline.call("a").deadLetter("why");

    dispatcher.drain(LONG);
    timer.advance(LONG);

    assertThat(a.settlements).hasSize(2);
    assertThat(a.settlements.get(1)).isEqualTo(new Release(ZERO, 1));
    assertThat(releases).containsExactly("a", "b");
    assertThat(pipeline.begun()).containsExactly("a");
  }

  @Test
  void a_dead_letter_that_can_not_be_put_down_meanwhile_is_given_back_before_those_behind_it() {
    CompletableFuture<Result> rejected = new CompletableFuture<>();
    deliver(
        FakeDelivery.of("a", "k")
            .answering(
                settlement -> settlement instanceof Reject ? rejected : noted("a", settlement)));
    deliver("b", "k");
    pipeline.call("a").deadLetter("why");
    deliver("other", "l");
    CompletableFuture<Void> draining = stopped();
    pipeline.call("other").succeed();

    rejected.completeExceptionally(new MessagingException(ErrorCode.BROKER_UNAVAILABLE, "not now"));

    assertThat(draining).succeedsWithin(ofSeconds(10));
    assertThat(releases).containsExactly("a", "b");
  }

  @Test
  void what_arrives_after_the_stop_is_given_back() {
    dispatcher.drain(LONG);

    FakeDelivery late = deliver("late", "k");

    assertThat(late.settlements).containsExactly(new Release(ZERO, 0));
    assertThat(pipeline.begun()).isEmpty();
  }

  @Test
  void a_handler_that_runs_on_is_interrupted_and_its_attempt_does_not_count() {
    CountDownLatch begun = new CountDownLatch(1);
    dispatcher = dispatcher(1, interruptible(begun), Workers.handlers("drain-test-1"));
    FakeDelivery a = deliver("a", "k", 2);
    FakeDelivery b = deliver("b", "k");
    awaitQuietly(begun);

    dispatcher.drain(ZERO);

    assertThat(a.settlement()).isEqualTo(new Release(ZERO, 1));
    assertThat(b.settlement()).isEqualTo(new Release(ZERO, 0));
    assertThat(a.settlements).hasSize(1);
    assertThat(b.settlements).hasSize(1);
    assertThat(releases).containsExactly("a", "b");
    await().until(() -> threads("drain-test-1") == 0);
  }

  @Test
  void a_handler_that_ends_well_in_spite_of_its_interruption_is_accepted() {
    CountDownLatch begun = new CountDownLatch(1);
    Pipeline stubborn =
        work -> {
          work.begin();
          begun.countDown();
          awaitQuietly(new CountDownLatch(1));
          return CompletableFuture.completedFuture(Resolution.ACKNOWLEDGED);
        };
    dispatcher = dispatcher(1, stubborn, Workers.handlers("drain-test-2"));
    FakeDelivery a = deliver("a", "k");
    awaitQuietly(begun);

    dispatcher.drain(ZERO);

    assertThat(a.settlement()).isEqualTo(Settlement.accept());
    assertThat(a.settlements).hasSize(1);
  }

  @Test
  @Timeout(30)
  void a_handler_that_does_not_heed_its_interruption_does_not_hold_up_the_end() {
    FakeDelivery a = deliver("a", "k");
    FakeDelivery b = deliver("b", "k");

    dispatcher.drain(ZERO);
    assertThat(a.settlements).isEmpty();
    assertThat(b.settlements).isEmpty();

    pipeline.call("a").succeed();
    assertThat(a.settlements).containsExactly(Settlement.accept());
    assertThat(b.settlements).containsExactly(new Release(ZERO, 0));
  }

  @Test
  @Timeout(30)
  void one_who_is_interrupted_while_draining_does_not_wait_on_and_stays_interrupted()
      throws InterruptedException {
    deliver("a", "k");
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    Thread drainer =
        new Thread(
            () -> {
              dispatcher.drain(LONG);
              interrupted.complete(Thread.currentThread().isInterrupted());
            });
    drainer.start();

    drainer.interrupt();

    assertThat(interrupted).succeedsWithin(ofSeconds(10)).isEqualTo(true);
    drainer.join();
  }

  @Test
  void a_retry_at_once_that_the_stop_overtakes_does_not_hold_up_the_end() {
    for (int round = 0; round < 100; round++) {
      AtomicInteger attempts = new AtomicInteger();
      dispatcher =
          dispatcher(
              1,
              work -> {
                work.begin();
                attempts.incrementAndGet();
                return CompletableFuture.completedFuture(
                    new Resolution(Outcome.retryAfter(ZERO), new IllegalStateException()));
              },
              Workers.handlers("drain-test-3"));
      FakeDelivery a = deliver("a", "k");
      while (attempts.get() < 20) {
        Thread.onSpinWait();
      }

      assertThat(draining(LONG)).as("round %d", round).succeedsWithin(ofSeconds(20));
      assertThat(a.settlements).hasSize(1);
      assertThat(((Release) a.settlements.get(0)).attemptsMade()).isEqualTo(attempts.get());
    }
  }

  /** Begins to drain while all places are taken; returns when what has not begun is given back. */
  private CompletableFuture<Void> stopped() {
    deliver("sentinel", "s");
    CompletableFuture<Void> draining = draining(LONG);
    await().until(() -> releases.remove("sentinel"));
    return draining;
  }

  private static Pipeline interruptible(CountDownLatch begun) {
    return work -> {
      work.begin();
      begun.countDown();
      try {
        new CountDownLatch(1).await();
        throw new AssertionError("nobody counts down");
      } catch (InterruptedException e) {
        return CompletableFuture.completedFuture(new Resolution(Outcome.retryAfter(ZERO), e));
      }
    };
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      // heeded by ending
    }
  }

  private static long threads(String prefix) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith(prefix))
        .count();
  }
}
