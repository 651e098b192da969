package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.transport.aws.AwsFailure.Fate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class CallPoolTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @Test
  void aCallThatEndsInAnErrorHasAnAnswer() {
    try (CallPool calls = new CallPool(Threads.pool("test", 1), AwsFailure::of)) {
      assertThat(
              calls.call(
                  Deadline.in(PATIENCE),
                  () -> {
                    throw new AssertionError("on purpose");
                  }))
          .failsWithin(PATIENCE)
          .withThrowableThat()
          .withMessageContaining("on purpose");
    }
  }

  @Test
  void aCallForWhichNoThreadWasFreeByItsDeadlineIsNotMade() {
    AtomicLong now = new AtomicLong();
    AtomicBoolean made = new AtomicBoolean();
    CountDownLatch busy = new CountDownLatch(1);
    try (CallPool calls = new CallPool(Threads.pool("test", 1), AwsFailure::of)) {
      CompletableFuture<Boolean> before = calls.call(Deadline.in(PATIENCE), () -> isLetGo(busy));
      CompletableFuture<Boolean> late =
          calls.call(Deadline.in(Duration.ofSeconds(1), now::get), () -> made.getAndSet(true));

      now.set(TimeUnit.SECONDS.toNanos(1));
      busy.countDown();

      assertTimedOut(late, Fate.NOT_EXECUTED);
      assertThat(before).succeedsWithin(PATIENCE);
      assertThat(made).isFalse();
    }
  }

  @Test
  void callsWithoutAnAnswerAreEachEndedAtTheirDeadlineAndOthersAreNot() {
    AtomicLong now = new AtomicLong();
    List<CompletableFuture<String>> made = new CopyOnWriteArrayList<>();
    try (Timer timer = new Timer("test");
        CallPool calls = new CallPool(Threads.pool("test", 1), AwsFailure::of, timer)) {
      List<CompletableFuture<String>> answers = new ArrayList<>();
      for (int seconds = 1; seconds <= 3; seconds++) {
        answers.add(
            calls.begin(
                Deadline.in(Duration.ofSeconds(seconds), now::get),
                () -> {
                  CompletableFuture<String> call = new CompletableFuture<>();
                  made.add(call);
                  return call;
                },
                late -> {}));
      }
      await().atMost(PATIENCE).until(() -> made.size() == 3);

      now.set(TimeUnit.SECONDS.toNanos(1));
      assertTimedOut(answers.get(0), Fate.UNKNOWN);
      assertThat(made.get(0)).isCompletedExceptionally();
      assertThat(answers.get(1)).isNotDone();

      now.set(TimeUnit.SECONDS.toNanos(2));
      assertTimedOut(answers.get(1), Fate.UNKNOWN);

      made.get(2).complete("answer");
      assertThat(answers.get(2)).succeedsWithin(PATIENCE).isEqualTo("answer");
    }
  }

  private static void assertTimedOut(CompletableFuture<?> answer, Fate fate) {
    assertThat(answer)
        .failsWithin(PATIENCE)
        .withThrowableOfType(ExecutionException.class)
        .havingCause()
        .isInstanceOfSatisfying(
            AwsFailure.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.TIMEOUT);
              assertThat(e.fate()).isEqualTo(fate);
            });
  }

  private static boolean isLetGo(CountDownLatch latch) {
    try {
      return latch.await(2, TimeUnit.MINUTES);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
