package dev.waybill.transport.inmemory;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class VirtualTimerTest {
  private final VirtualClock clock = VirtualClock.create();
  private final ScheduledExecutorService timer = clock.timer();
  private final List<String> log = Collections.synchronizedList(new ArrayList<>());

  @Test
  void tasksRunAtTheirMomentsInTheirOrderOnTheAdvancingThread() throws Exception {
    run("third", 3);
    run("first", 1);
    run("second", 2);
    Future<Thread> thread = timer.schedule(Thread::currentThread, 2, SECONDS);

    clock.advance(Duration.ofSeconds(1).minusNanos(1));
    assertThat(log).isEmpty();
    clock.advance(Duration.ofSeconds(9));

    assertThat(log).containsExactly("first at 1", "second at 2", "third at 3");
    assertThat(thread.get()).isSameAs(Thread.currentThread());
  }

  @Test
  void tasksOfOneMomentRunInTheOrderInWhichTheyWereGiven() {
    run("one", 1);
    run("two", 1);
    clock.advance(Duration.ofSeconds(1));

    assertThat(log).containsExactly("one at 1", "two at 1");
  }

  @Test
  void tasksRunBetweenTheDueMomentsOfTheBrokers() {
    try (Scene scene = new Scene(Scene.QUEUE)) {
      scene.receive(
          Scene.QUEUE,
          10,
          (Handing) delivery -> log.add(Listening.text(delivery) + " at " + seconds(scene.clock)));
      scene.send(Scene.QUEUE, Scene.message("message", null, Duration.ofSeconds(1)));
      scene.send(Scene.QUEUE, Scene.message("message", null, Duration.ofSeconds(3)));
      for (int second = 1; second < 4; second++) {
        var unused =
            scene
                .clock
                .timer()
                .schedule(() -> log.add("task at " + seconds(scene.clock)), second, SECONDS);
      }
      scene.clock.advance(Duration.ofSeconds(3));
    }
    assertThat(log)
        .containsExactly("message at 1", "task at 1", "task at 2", "message at 3", "task at 3");
  }

  @Test
  void aTaskWithoutADelayRunsAtOnce() throws Exception {
    assertThat(timer.submit(() -> "now").get()).isEqualTo("now");
    assertThat(timer.schedule(() -> "late", -1, SECONDS).get()).isEqualTo("late");
  }

  @Test
  void aTaskGivenByATaskRunsInTheSameAdvance() {
    var unused = timer.schedule(() -> run("later", 2), 1, SECONDS);
    clock.advance(Duration.ofSeconds(10));

    assertThat(log).containsExactly("later at 3");
  }

  @Test
  void aRepeatedTaskRunsOnceAPeriodUntilItIsCancelled() {
    ScheduledFuture<?> repeated = timer.scheduleAtFixedRate(() -> note("tick"), 1, 2, SECONDS);
    clock.advance(Duration.ofSeconds(6));
    assertThat(repeated.getDelay(TimeUnit.MILLISECONDS)).isEqualTo(1_000);
    repeated.cancel(false);
    clock.advance(Duration.ofSeconds(6));

    assertThat(log).containsExactly("tick at 1", "tick at 3", "tick at 5");
    assertThat(repeated.isCancelled()).isTrue();
  }

  @Test
  void aDelayBetweenRunsCountsFromTheEndOfTheOneBefore() {
    var unused =
        timer.scheduleWithFixedDelay(
            () -> {
              note("tick");
              clock.advance(Duration.ofSeconds(1));
            },
            1,
            2,
            SECONDS);
    clock.advance(Duration.ofSeconds(7));

    assertThat(log).containsExactly("tick at 1", "tick at 4", "tick at 7");
    assertThat(seconds(clock)).isEqualTo(8);
  }

  @Test
  void aTaskThatFailsHarmsNoOther() {
    ScheduledFuture<?> failing =
        timer.schedule(
            () -> {
              throw new IllegalStateException("broken");
            },
            1,
            SECONDS);
    run("other", 1);
    clock.advance(Duration.ofSeconds(1));

    assertThat(log).containsExactly("other at 1");
    assertThatThrownBy(failing::get).hasRootCauseMessage("broken");
  }

  @Test
  void aCancelledTaskDoesNotRun() {
    ScheduledFuture<?> task = timer.schedule(() -> note("cancelled"), 1, SECONDS);
    assertThat(task.cancel(false)).isTrue();
    clock.advance(Duration.ofSeconds(1));

    assertThat(log).isEmpty();
  }

  @Test
  void aPeriodMustBePositive() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> timer.scheduleAtFixedRate(() -> note("tick"), 1, 0, SECONDS))
        .withMessage("a period must be positive: 0");
  }

  @Test
  void aTimerThatIsShutDownDropsItsTasksAndTakesNoMore() throws Exception {
    run("dropped", 1);
    assertThat(timer.shutdownNow()).hasSize(1);
    clock.advance(Duration.ofSeconds(1));

    assertThat(log).isEmpty();
    assertThat(timer.awaitTermination(1, SECONDS)).isTrue();
    assertThat(timer.isTerminated()).isTrue();
    assertThatThrownBy(() -> run("refused", 1)).isInstanceOf(RejectedExecutionException.class);
    assertThatThrownBy(() -> run("refused", 0)).isInstanceOf(RejectedExecutionException.class);
  }

  private void run(String name, int seconds) {
    var unused = timer.schedule(() -> note(name), seconds, SECONDS);
  }

  private void note(String what) {
    log.add(what + " at " + seconds(clock));
  }

  private static long seconds(VirtualClock clock) {
    return Duration.between(VirtualClock.create().instant(), clock.instant()).toSeconds();
  }
}
