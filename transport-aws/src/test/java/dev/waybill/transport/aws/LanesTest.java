package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LanesTest {
  private final ExecutorService threads = Threads.pool("test", 4);
  private final Lanes lanes = new Lanes(threads);

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  @Test
  void aLaneRunsItsWorkInOrderAndOthersBesideIt() throws InterruptedException {
    List<Integer> order = new CopyOnWriteArrayList<>();
    CountDownLatch other = new CountDownLatch(1);
    CountDownLatch done = new CountDownLatch(101);

    lanes.execute("a", () -> awaitQuietly(other));
    for (int i = 0; i < 100; i++) {
      int number = i;
      lanes.execute(
          "a",
          () -> {
            order.add(number);
            done.countDown();
          });
    }
    lanes.execute(
        "b",
        () -> {
          other.countDown();
          done.countDown();
        });

    assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(order).hasSize(100).isSorted();
  }

  @Test
  void workThatThrowsDoesNotStopItsLane() throws InterruptedException {
    CountDownLatch done = new CountDownLatch(1);
    CountDownLatch started = new CountDownLatch(1);

    lanes.execute(
        "a",
        () -> {
          awaitQuietly(started);
          throw new ExpectedException();
        });
    lanes.execute("a", done::countDown);
    started.countDown();

    assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static final class ExpectedException extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }
}
