package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

class AcquiredTest {
  @Test
  void a_lock_that_was_over_once_is_never_ours_again() {
    Acquired acquired =
        new Acquired(
            new ConsumerRecord<>("t", 0, 0, new byte[0], new byte[0]), Deadline.in(Duration.ZERO));

    assertThat(acquired.isOwned()).isFalse();
    acquired.lockedUntil(Deadline.in(Duration.ofDays(1)));

    assertThat(acquired.isOwned()).isFalse();
  }

  @Test
  void a_lock_that_is_renewed_in_time_stays_ours() {
    Acquired acquired =
        new Acquired(
            new ConsumerRecord<>("t", 0, 0, new byte[0], new byte[0]),
            Deadline.in(Duration.ofDays(1)));

    acquired.lockedUntil(Deadline.in(Duration.ofDays(2)));

    assertThat(acquired.isOwned()).isTrue();
  }
}
