package dev.waybill.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.Outcome;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Capabilities.Support;
import dev.waybill.transport.Settlement.Result;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Real threads, random outcomes; what must hold is watched at every step, not sampled. */
class DispatcherStressTest {
  private static final int CONCURRENCY = 6;
  private static final int MESSAGES = 5_000;
  private static final int KEYS = 40;
  private static final Queue SOURCE = new Queue("q", true);

  private final ExecutorService workers = Workers.handlers("stress");
  private final ScheduledExecutorService timer = Workers.timer("stress-timer");
  private final ExecutorService broker = Executors.newSingleThreadExecutor();

  private final AtomicInteger running = new AtomicInteger();
  private final Set<String> keysInHand = ConcurrentHashMap.newKeySet();
  private final Map<String, Integer> lastOfKey = new ConcurrentHashMap<>();
  private final Map<String, Integer> lastAttempt = new ConcurrentHashMap<>();
  private final List<String> broken = java.util.Collections.synchronizedList(new ArrayList<>());

  @AfterEach
  void end() {
    workers.shutdownNow();
    timer.shutdownNow();
    broker.shutdownNow();
  }

  @Test
  void concurrency_and_order_per_key_hold_at_every_moment() {
    holdWhileDelivering(() -> {});
  }

  @Test
  void they_hold_where_a_message_comes_as_the_last_worker_is_about_to_leave() {
    holdWhileDelivering(
        () -> {
          long until = System.nanoTime() + ThreadLocalRandom.current().nextLong(60_000);
          while (System.nanoTime() < until) {
            Thread.onSpinWait();
          }
        });
  }

  private void holdWhileDelivering(Runnable pause) {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Dispatcher dispatcher =
        new Dispatcher(
            SOURCE,
            CONCURRENCY,
            this::handle,
            new Settler(SOURCE, timer, Clock.systemUTC(), SendReports.to(List.of())),
            workers,
            timer,
            new Support(Level.EMULATED, null, ""),
            null);
    List<FakeDelivery> deliveries = new ArrayList<>();
    for (int i = 0; i < MESSAGES; i++) {
      String key = random.nextInt(10) == 0 ? null : "k" + random.nextInt(KEYS);
      FakeDelivery delivery = FakeDelivery.of(Integer.toString(i), key).answering(this::settled);
      deliveries.add(delivery);
      dispatcher.delivered(delivery);
      pause.run();
    }

    await().atMost(Duration.ofSeconds(60)).until(dispatcher::isIdle);

    assertThat(broken).as("seed %d", seed).isEmpty();
    assertThat(running).hasValue(0);
    assertThat(deliveries).allMatch(delivery -> delivery.settlements.size() == 1);
  }

  private CompletionStage<Resolution> handle(Work work) {
    work.begin();
    int now = running.incrementAndGet();
    check(now <= CONCURRENCY, "run at a time", now);
    String name = work.delivery.brokerId();
    String key = work.delivery.message().key();
    if (key != null) {
      check(keysInHand.add(key), "two at a time of key", key);
      int number = Integer.parseInt(name);
      int before = lastOfKey.getOrDefault(key, -1);
      check(before <= number, "overtook one of key " + key, number);
      lastOfKey.put(key, number);
    }
    int attempt = lastAttempt.merge(name, 1, Integer::sum);
    check(attempt == work.attempt(), "wrong attempt of " + name, attempt);
    Outcome outcome = someOutcome();
    if (ThreadLocalRandom.current().nextInt(4) == 0) {
      return CompletableFuture.supplyAsync(() -> end(key, outcome), broker);
    }
    return CompletableFuture.completedFuture(end(key, outcome));
  }

  private Resolution end(String key, Outcome outcome) {
    if (key != null) {
      keysInHand.remove(key);
    }
    running.decrementAndGet();
    return Resolution.of(outcome);
  }

  private static Outcome someOutcome() {
    return switch (ThreadLocalRandom.current().nextInt(10)) {
      case 0 -> Outcome.retryAfter(Duration.ZERO);
      case 1 -> Outcome.retryAfter(Duration.ofMillis(1));
      case 2 -> Outcome.deadLetter("why");
      default -> Outcome.acknowledged();
    };
  }

  private CompletionStage<Result> settled() {
    return ThreadLocalRandom.current().nextBoolean()
        ? CompletableFuture.completedFuture(Result.SETTLED)
        : CompletableFuture.supplyAsync(() -> Result.SETTLED, broker);
  }

  private void check(boolean holds, String what, Object value) {
    if (!holds) {
      broken.add(what + ": " + value);
    }
  }
}
