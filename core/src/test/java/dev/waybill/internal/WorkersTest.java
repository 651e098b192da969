package dev.waybill.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WorkersTest {
  @Test
  void threads_of_handlers_are_named_daemons_that_end_when_idle() {
    ThreadPoolExecutor pool = (ThreadPoolExecutor) Workers.handlers("waybill-q");
    CompletableFuture<Thread> thread = CompletableFuture.supplyAsync(Thread::currentThread, pool);

    assertThat(thread).succeedsWithin(Duration.ofSeconds(20));
    assertThat(thread.join().isDaemon()).isTrue();
    assertThat(thread.join().getName()).isEqualTo("waybill-q-1");
    assertThat(pool.getCorePoolSize()).isZero();
    assertThat(pool.getKeepAliveTime(TimeUnit.SECONDS)).isPositive();
    pool.shutdownNow();
  }

  @Test
  void a_thread_has_nothing_of_the_one_that_happens_to_need_it() throws Exception {
    InheritableThreadLocal<String> ofTheRequest = new InheritableThreadLocal<>();
    ClassLoader ofTheBus = Thread.currentThread().getContextClassLoader();
    ThreadPoolExecutor pool = (ThreadPoolExecutor) Workers.handlers("waybill-q");
    CompletableFuture<String> inherited = new CompletableFuture<>();
    CompletableFuture<ClassLoader> loader = new CompletableFuture<>();
    Thread sender =
        new Thread(
            () -> {
              ofTheRequest.set("secret");
              Thread.currentThread().setContextClassLoader(null);
              pool.execute(
                  () -> {
                    inherited.complete(String.valueOf(ofTheRequest.get()));
                    loader.complete(Thread.currentThread().getContextClassLoader());
                  });
            });
    sender.start();
    sender.join();

    assertThat(inherited).succeedsWithin(Duration.ofSeconds(20)).isEqualTo("null");
    assertThat(loader).succeedsWithin(Duration.ofSeconds(20)).isEqualTo(ofTheBus);
    pool.shutdownNow();
  }

  @Test
  void no_handler_waits_for_another_one() {
    ExecutorService pool = Workers.handlers("waybill-q");
    CountDownLatch all = new CountDownLatch(20);
    for (int i = 0; i < 20; i++) {
      pool.execute(
          () -> {
            all.countDown();
            awaitQuietly(all);
          });
    }

    await().atMost(Duration.ofSeconds(20)).until(() -> all.getCount() == 0);
    pool.shutdownNow();
  }

  @Test
  void the_handlers_thread_that_was_idle_last_works_first() {
    ThreadPoolExecutor pool = (ThreadPoolExecutor) Workers.handlers("waybill-q");
    CountDownLatch both = new CountDownLatch(2);
    CountDownLatch second = new CountDownLatch(1);
    CompletableFuture<Thread> idleFirst = meet(pool, both, new CountDownLatch(0));
    CompletableFuture<Thread> idleLast = meet(pool, both, second);
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> idleFirst.isDone() && isParked(idleFirst.join()));
    second.countDown();
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> idleLast.isDone() && isParked(idleLast.join()));

    for (int i = 0; i < 10; i++) {
      CompletableFuture<Thread> next = CompletableFuture.supplyAsync(Thread::currentThread, pool);
      assertThat(next).succeedsWithin(Duration.ofSeconds(20)).isSameAs(idleLast.join());
      await().atMost(Duration.ofSeconds(20)).until(() -> isParked(idleLast.join()));
    }
    pool.shutdownNow();
  }

  @Test
  void a_single_thread_does_one_after_another() {
    ExecutorService single = Workers.single("waybill-s");
    List<Integer> done = new CopyOnWriteArrayList<>();
    for (int i = 0; i < 100; i++) {
      int number = i;
      single.execute(() -> done.add(number));
    }
    CompletableFuture<Thread> thread = CompletableFuture.supplyAsync(Thread::currentThread, single);

    assertThat(thread).succeedsWithin(Duration.ofSeconds(20));
    assertThat(thread.join().getName()).isEqualTo("waybill-s-1");
    assertThat(done).isSorted().hasSize(100);
    single.shutdownNow();
  }

  @Test
  void a_timer_forgets_what_is_cancelled() {
    ScheduledThreadPoolExecutor timer = Workers.timer("waybill-timer");

    assertThat(timer.getRemoveOnCancelPolicy()).isTrue();
    timer.shutdownNow();
  }

  @Test
  void virtual_threads_are_there_where_java_has_them() {
    if (Workers.virtualThreadsAvailable()) {
      ExecutorService virtual = Workers.virtual();
      assertThat(CompletableFuture.supplyAsync(() -> Thread.currentThread().toString(), virtual))
          .succeedsWithin(Duration.ofSeconds(20))
          .asString()
          .startsWith("VirtualThread");
      virtual.shutdownNow();
    } else {
      assertThatIllegalStateException().isThrownBy(Workers::virtual);
    }
  }

  /** A thread that is at work until another one is, too, and then until it may end. */
  private static CompletableFuture<Thread> meet(
      ExecutorService pool, CountDownLatch both, CountDownLatch end) {
    return CompletableFuture.supplyAsync(
        () -> {
          both.countDown();
          awaitQuietly(both);
          awaitQuietly(end);
          return Thread.currentThread();
        },
        pool);
  }

  /** Waits for work, for as long as an idle thread may. */
  private static boolean isParked(Thread thread) {
    return thread.getState() == Thread.State.TIMED_WAITING;
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
