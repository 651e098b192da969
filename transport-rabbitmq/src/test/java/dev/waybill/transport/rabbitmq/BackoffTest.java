package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class BackoffTest {
  private final AtomicLong time = new AtomicLong();
  private final Backoff backoff = new Backoff(time::get);

  @Test
  void waitsDoubleUpToFiveSeconds() {
    for (long longest : new long[] {100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000}) {
      assertThat(backoff.nextMillis()).isBetween(longest * 3 / 4, longest);
    }
  }

  @Test
  void whatWorkedForAWhileBeginsAnew() {
    failTimes(6);
    backoff.succeeded();
    time.addAndGet(Duration.ofSeconds(6).toNanos());
    assertThat(backoff.nextMillis()).isLessThanOrEqualTo(100);
  }

  @Test
  void whatFailsAtOnceAgainGoesOnWaitingLonger() {
    failTimes(6);
    backoff.succeeded();
    time.addAndGet(Duration.ofMillis(20).toNanos());
    assertThat(backoff.nextMillis()).isGreaterThan(3_000);
    assertThat(backoff.nextMillis()).isGreaterThan(3_000);
  }

  private void failTimes(int times) {
    for (int i = 0; i < times; i++) {
      assertThat(backoff.nextMillis()).isPositive();
    }
  }
}
