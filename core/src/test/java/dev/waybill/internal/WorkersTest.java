package dev.waybill.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import org.junit.jupiter.api.Test;

class WorkersTest {
  @Test
  void a_pool_has_named_daemons_and_shrinks_to_nothing() {
    ThreadPoolExecutor pool = (ThreadPoolExecutor) Workers.platform("waybill-q", 3);
    CompletableFuture<Thread> thread = CompletableFuture.supplyAsync(Thread::currentThread, pool);

    assertThat(thread).succeedsWithin(Duration.ofSeconds(20));
    assertThat(thread.join().isDaemon()).isTrue();
    assertThat(thread.join().getName()).isEqualTo("waybill-q-1");
    assertThat(pool.allowsCoreThreadTimeOut()).isTrue();
    assertThat(pool.getMaximumPoolSize()).isEqualTo(3);
    pool.shutdownNow();
  }

  @Test
  void a_pool_grows_and_shrinks_when_it_is_told() {
    ThreadPoolExecutor pool = (ThreadPoolExecutor) Workers.platform("waybill-q", 3);

    Workers.resize(pool, 5);
    assertThat(pool.getCorePoolSize()).isEqualTo(5);
    assertThat(pool.getMaximumPoolSize()).isEqualTo(5);
    Workers.resize(pool, 1);
    assertThat(pool.getCorePoolSize()).isEqualTo(1);
    assertThat(pool.getMaximumPoolSize()).isEqualTo(1);
    pool.shutdownNow();
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
}
