package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class MovesTest {
  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5);
  private final Moves moves = new Moves(now::get);

  @Test
  void the_first_try_is_made_at_once_and_after_a_success_again() {
    assertThat(moves.mayTry()).isTrue();
    moves.failed();
    moves.succeeded();

    assertThat(moves.mayTry()).isTrue();
  }

  @Test
  void after_each_failure_it_takes_twice_as_long_up_to_five_minutes() {
    for (int seconds : new int[] {15, 30, 60, 120, 240, 300, 300}) {
      moves.failed();
      pass(Duration.ofSeconds(seconds).minusNanos(1));
      assertThat(moves.mayTry()).isFalse();
      pass(Duration.ofNanos(1));
      assertThat(moves.mayTry()).isTrue();
    }
  }

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }
}
