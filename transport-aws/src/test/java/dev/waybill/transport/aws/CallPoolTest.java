package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.transport.aws.AwsFailure.Fate;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
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

      assertThat(late)
          .failsWithin(PATIENCE)
          .withThrowableOfType(ExecutionException.class)
          .havingCause()
          .isInstanceOfSatisfying(
              AwsFailure.class,
              e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.TIMEOUT);
                assertThat(e.fate()).isEqualTo(Fate.NOT_EXECUTED);
              });
      assertThat(before).succeedsWithin(PATIENCE);
      assertThat(made).isFalse();
    }
  }

  @Test
  void aCallWithoutAnAnswerIsEndedAtItsDeadlineAndOthersAreNot() {
    CompletableFuture<String> hanging = new CompletableFuture<>();
    CompletableFuture<String> slow = new CompletableFuture<>();
    try (Timer timer = new Timer("test");
        CallPool calls = new CallPool(Threads.pool("test", 1), AwsFailure::of, timer)) {
      CompletableFuture<String> later =
          calls.begin(Deadline.in(PATIENCE.multipliedBy(2)), () -> slow, late -> {});
      CompletableFuture<String> sooner =
          calls.begin(Deadline.in(Duration.ofSeconds(1)), () -> hanging, late -> {});

      assertThat(sooner)
          .failsWithin(PATIENCE)
          .withThrowableOfType(ExecutionException.class)
          .havingCause()
          .isInstanceOfSatisfying(
              AwsFailure.class,
              e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.TIMEOUT);
                assertThat(e.fate()).isEqualTo(Fate.UNKNOWN);
              });
      await().atMost(PATIENCE).until(hanging::isCancelled);
      assertThat(later).isNotDone();
      slow.complete("answer");
      assertThat(later).succeedsWithin(PATIENCE).isEqualTo("answer");
    }
  }

  @Test
  void callsOneAfterAnotherAreEachEndedAtTheirDeadline() {
    try (Timer timer = new Timer("test");
        CallPool calls = new CallPool(Threads.pool("test", 1), AwsFailure::of, timer)) {
      for (int i = 1; i <= 3; i++) {
        CompletableFuture<String> answered =
            calls.begin(
                Deadline.in(Duration.ofMillis(100)),
                () -> CompletableFuture.completedFuture("answer"),
                late -> {});
        CompletableFuture<String> unanswered =
            calls.begin(
                Deadline.in(Duration.ofMillis(100L * i)), CompletableFuture::new, late -> {});

        assertThat(unanswered).failsWithin(PATIENCE);
        assertThat(answered).succeedsWithin(PATIENCE);
      }
    }
  }

  private static boolean isLetGo(CountDownLatch latch) {
    try {
      return latch.await(2, TimeUnit.MINUTES);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
