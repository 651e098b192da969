package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AnswerThreadTest {
  private final Queue<Runnable> calls = new ArrayDeque<>();
  private final AnswerThread answers = new AnswerThread(calls::add);
  private final List<String> done = new ArrayList<>();

  @Test
  void tasks_run_in_order_on_the_other_thread_which_is_woken_once_for_all_that_are_there() {
    answers.execute(() -> done.add("a"));
    answers.execute(() -> done.add("b"));
    assertThat(done).isEmpty();
    assertThat(calls).hasSize(1);

    calls.remove().run();
    assertThat(done).containsExactly("a", "b");

    answers.execute(() -> done.add("c"));
    assertThat(calls).hasSize(1);
    calls.remove().run();
    assertThat(done).containsExactly("a", "b", "c");
  }

  @Test
  void a_task_that_throws_keeps_no_other_from_running() {
    answers.execute(
        () -> {
          throw new IllegalStateException("broken");
        });
    answers.execute(
        () -> {
          throw new NoClassDefFoundError("x");
        });
    answers.execute(() -> done.add("c"));

    calls.remove().run();

    assertThat(done).containsExactly("c");
    assertThat(calls).isEmpty();
  }

  @Test
  void none_is_lost_or_run_beside_another_however_many_hand_over() throws Exception {
    int threads = 4;
    int each = 20_000;
    ExecutorService thread =
        Executors.newFixedThreadPool(2); // two, so that a second call would show
    ExecutorService callers = Executors.newFixedThreadPool(threads);
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CountDownLatch left = new CountDownLatch(threads * each);
    try {
      AnswerThread shared = new AnswerThread(thread);
      IntStream.range(0, threads)
          .forEach(
              caller ->
                  callers.execute(
                      () -> {
                        for (int i = 0; i < each; i++) {
                          shared.execute(
                              () -> {
                                most.accumulateAndGet(running.incrementAndGet(), Math::max);
                                running.decrementAndGet();
                                left.countDown();
                              });
                        }
                      }));
      assertThat(left.await(1, TimeUnit.MINUTES)).isTrue();
      assertThat(most).hasValue(1);
    } finally {
      callers.shutdownNow();
      thread.shutdownNow();
    }
  }
}
