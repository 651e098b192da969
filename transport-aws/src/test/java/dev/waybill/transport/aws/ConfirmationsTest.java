package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ConfirmationsTest {
  private static final int ANSWERS = 10;

  private final Timer timer = new Timer();

  @AfterEach
  void close() {
    timer.close();
  }

  @Test
  void answersThatComeTogetherAreToldByOneThread() throws InterruptedException {
    Set<Thread> told = ConcurrentHashMap.newKeySet();
    CountDownLatch all = new CountDownLatch(ANSWERS);
    CountDownLatch come = new CountDownLatch(1);
    try (Confirmations answers = new Confirmations("test", timer, Duration.ofDays(1))) {
      for (int i = 0; i < ANSWERS; i++) {
        answers.execute(
            () -> {
              told.add(Thread.currentThread());
              assertThat(isDown(come)).isTrue();
              all.countDown();
            });
      }
      come.countDown();

      assertThat(isDown(all)).isTrue();
      assertThat(told).hasSize(1);
    }
  }

  @Test
  void whoeverKeepsTheThreadDoesNotKeepTheOthersAnswersForLong() {
    CountDownLatch kept = new CountDownLatch(1);
    CountDownLatch behind = new CountDownLatch(ANSWERS);
    try (Confirmations answers = new Confirmations("test", timer)) {
      for (int keeping = 0; keeping < 3; keeping++) {
        answers.execute(() -> assertThat(isDown(kept)).isTrue());
      }
      for (int i = 0; i < ANSWERS; i++) {
        answers.execute(behind::countDown);
      }

      assertThat(isDown(behind)).isTrue();
      kept.countDown();
    }
  }

  @Test
  void anErrorInOneKeepsNoOtherFromItsAnswer() {
    CountDownLatch behind = new CountDownLatch(1);
    try (Confirmations answers = new Confirmations("test", timer, Duration.ofDays(1))) {
      for (Runnable answer : List.<Runnable>of(ConfirmationsTest::fail, behind::countDown)) {
        answers.execute(answer);
      }

      assertThat(isDown(behind)).isTrue();
    }
  }

  @Test
  void atTheCloseTheyAreToldThoughAnotherKeepsTheThread() {
    CountDownLatch kept = new CountDownLatch(1);
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch behind = new CountDownLatch(2);
    Confirmations answers = new Confirmations("test", timer, Duration.ofDays(1));
    answers.execute(
        () -> {
          begun.countDown();
          assertThat(isDown(kept)).isTrue();
        });
    assertThat(isDown(begun)).isTrue();
    answers.execute(behind::countDown);

    answers.close();
    answers.execute(behind::countDown);

    assertThat(isDown(behind)).isTrue();
    kept.countDown();
    assertThat(answers.awaitTermination(Deadline.in(Duration.ofMinutes(1)))).isTrue();
  }

  private static void fail() {
    throw new AssertionError("on purpose");
  }

  private static boolean isDown(CountDownLatch latch) {
    try {
      return latch.await(1, TimeUnit.MINUTES);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
