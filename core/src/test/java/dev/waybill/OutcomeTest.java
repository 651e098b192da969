package dev.waybill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class OutcomeTest {
  @Test
  void an_outcome_says_what_becomes_of_the_message() {
    assertThat(Outcome.acknowledged()).isEqualTo(new Outcome.Acknowledged());
    assertThat(Outcome.retryAfter(Duration.ofSeconds(1)))
        .isEqualTo(new Outcome.Retried(Duration.ofSeconds(1)));
    assertThat(Outcome.deadLetter("why")).isEqualTo(new Outcome.DeadLettered("why"));
    assertThat(Outcome.discard("why")).isEqualTo(new Outcome.Discarded("why"));
  }

  @Test
  void a_retry_does_not_lie_in_the_past() {
    assertThat(Outcome.retryAfter(Duration.ZERO)).isEqualTo(new Outcome.Retried(Duration.ZERO));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Outcome.retryAfter(Duration.ofMillis(-1)))
        .withMessage("a retry after PT-0.001S: give zero or more");
  }

  @Test
  void a_dead_letter_and_a_discard_have_a_reason() {
    assertThatNullPointerException()
        .isThrownBy(() -> Outcome.deadLetter(null))
        .withMessage("reason");
    assertThatNullPointerException().isThrownBy(() -> Outcome.discard(null)).withMessage("reason");
  }
}
