package dev.waybill.delivery;

import static dev.waybill.delivery.FailurePolicy.Verdict.DEAD_LETTER;
import static dev.waybill.delivery.FailurePolicy.Verdict.DISCARD;
import static dev.waybill.delivery.FailurePolicy.Verdict.RETRY;
import static dev.waybill.delivery.FailurePolicy.noRetry;
import static dev.waybill.delivery.FailurePolicy.retry;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofNanos;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.waybill.delivery.FailurePolicy.Decision;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class FailurePolicyTest {
  private final Exception failure = new IllegalStateException("broken");
  private static final Decision AT_ONCE = new Decision(RETRY, ZERO);
  private static final Decision TO_DEAD_LETTERS = new Decision(DEAD_LETTER, ZERO);

  @Test
  void retries_at_once_are_counted_exactly() {
    FailurePolicy policy = retry(2);

    assertThat(decisions(policy, 4))
        .containsExactly(AT_ONCE, AT_ONCE, TO_DEAD_LETTERS, TO_DEAD_LETTERS);
    assertThat(policy.attempts()).isEqualTo(3);
    assertThat(policy.longestWait()).isZero();
  }

  @Test
  void a_policy_without_retries_ends_at_the_first_failure() {
    assertThat(decisions(noRetry(), 1)).containsExactly(TO_DEAD_LETTERS);
    assertThat(noRetry().attempts()).isEqualTo(1);
  }

  @Test
  void each_wait_is_used_once_and_in_turn() {
    FailurePolicy policy = retry(1).thenAfter(ofSeconds(10), ofMinutes(1)).thenAfter(ofSeconds(3));

    assertThat(decisions(policy, 5))
        .containsExactly(
            AT_ONCE, wait(ofSeconds(10)), wait(ofMinutes(1)), wait(ofSeconds(3)), TO_DEAD_LETTERS);
    assertThat(policy.attempts()).isEqualTo(5);
    assertThat(policy.longestWait()).isEqualTo(ofMinutes(1));
  }

  @Test
  void a_backoff_grows_by_its_factor_up_to_its_longest_wait() {
    FailurePolicy policy = noRetry().thenBackoff(ofSeconds(1), 3, ofSeconds(10), 5);

    assertThat(decisions(policy, 6))
        .containsExactly(
            wait(ofSeconds(1)),
            wait(ofSeconds(3)),
            wait(ofSeconds(9)),
            wait(ofSeconds(10)),
            wait(ofSeconds(10)),
            TO_DEAD_LETTERS);
  }

  @Test
  void a_factor_of_one_keeps_the_wait() {
    assertThat(decisions(noRetry().thenBackoff(ofMillis(7), 1, ofMillis(7), 2), 2))
        .containsExactly(wait(ofMillis(7)), wait(ofMillis(7)));
  }

  @Test
  void a_wait_is_never_shorter_than_promised_and_never_longer_than_the_longest() {
    FailurePolicy policy = noRetry().thenAfter(ofSeconds(10)).jitter(0.2);

    for (int i = 0; i < 2_000; i++) {
      Duration after = policy.decide(failure, 1).after();
      assertThat(after).isBetween(ofSeconds(10), policy.longestWait());
    }
    assertThat(policy.longestWait()).isEqualTo(ofSeconds(12));
  }

  @Test
  void the_longest_wait_counts_the_jitter_of_waits_below_a_millisecond() {
    FailurePolicy policy = noRetry().thenAfter(ofNanos(1_900_000)).jitter(1);

    assertThat(policy.longestWait()).isEqualTo(ofNanos(3_800_000));
  }

  @Test
  void jitter_makes_waits_differ() {
    FailurePolicy policy = noRetry().thenAfter(ofSeconds(10)).jitter(1);
    List<Duration> waits = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      waits.add(policy.decide(failure, 1).after());
    }

    assertThat(waits.stream().distinct().count()).isGreaterThan(50);
  }

  @Test
  void jitter_does_not_touch_retries_at_once() {
    assertThat(retry(1).jitter(1).decide(failure, 1)).isEqualTo(AT_ONCE);
  }

  @Test
  void the_end_can_be_to_discard() {
    assertThat(retry(0).thenDiscard().decide(failure, 1)).isEqualTo(new Decision(DISCARD, ZERO));
    assertThat(retry(0).thenDiscard().thenDeadLetter().decide(failure, 1))
        .isEqualTo(TO_DEAD_LETTERS);
  }

  @Test
  void a_named_exception_gets_its_verdict_at_the_first_attempt() {
    FailurePolicy policy =
        retry(5).deadLetterOn(IllegalStateException.class).discardOn(IOException.class);

    assertThat(policy.decide(failure, 1)).isEqualTo(TO_DEAD_LETTERS);
    assertThat(policy.decide(new IOException(), 1)).isEqualTo(new Decision(DISCARD, ZERO));
    assertThat(policy.decide(new IllegalArgumentException(), 1)).isEqualTo(AT_ONCE);
  }

  @Test
  void the_closest_class_named_wins_whatever_the_order_of_naming() {
    FailurePolicy wideFirst =
        retry(5).deadLetterOn(IOException.class).retryOn(FileNotFoundException.class);
    FailurePolicy narrowFirst =
        retry(5).retryOn(FileNotFoundException.class).deadLetterOn(IOException.class);

    for (FailurePolicy policy : List.of(wideFirst, narrowFirst)) {
      assertThat(policy.decide(new FileNotFoundException(), 1)).isEqualTo(AT_ONCE);
      assertThat(policy.decide(new IOException(), 1)).isEqualTo(TO_DEAD_LETTERS);
    }
  }

  @Test
  void a_cause_counts_where_the_exception_itself_is_not_named() {
    FailurePolicy policy = retry(5).deadLetterOn(IOException.class);

    assertThat(policy.decide(new UncheckedIOException(new FileNotFoundException()), 1))
        .isEqualTo(TO_DEAD_LETTERS);
    assertThat(policy.decide(new CompletionException(new RuntimeException(new IOException())), 1))
        .isEqualTo(TO_DEAD_LETTERS);
  }

  @Test
  void the_exception_itself_counts_before_its_cause() {
    FailurePolicy policy =
        retry(5).retryOn(UncheckedIOException.class).deadLetterOn(IOException.class);

    assertThat(policy.decide(new UncheckedIOException(new IOException()), 1)).isEqualTo(AT_ONCE);
  }

  @Test
  void a_circle_of_causes_ends() {
    Exception one = new IllegalStateException();
    Exception other = new IllegalArgumentException(one);
    one.initCause(other);

    assertThat(retry(1).deadLetterOn(IOException.class).decide(one, 1)).isEqualTo(AT_ONCE);
  }

  @Test
  void an_error_can_be_named_too() {
    assertThat(retry(5).deadLetterOn(LinkageError.class).decide(new NoClassDefFoundError(), 1))
        .isEqualTo(TO_DEAD_LETTERS);
  }

  @Test
  void retryOn_does_not_lift_the_limit_of_attempts() {
    assertThat(retry(1).retryOn(IllegalStateException.class).decide(failure, 2))
        .isEqualTo(TO_DEAD_LETTERS);
  }

  @Test
  void the_standard_rides_out_a_short_disturbance_within_three_and_a_half_minutes() {
    FailurePolicy standard = FailurePolicy.standard();

    assertThat(standard.attempts()).isEqualTo(6);
    assertThat(standard.longestWait()).isEqualTo(ofSeconds(144));
    assertThat(standard)
        .hasToString(
            "3 attempts at once, then after 5s, 30s, 2m (each up to 20 % longer), then dead letter");
  }

  @Test
  void a_policy_says_itself_in_words() {
    assertThat(noRetry()).hasToString("1 attempt, then dead letter");
    assertThat(retry(3).thenDiscard()).hasToString("4 attempts at once, then discard");
    assertThat(retry(0).thenAfter(ofMillis(500), Duration.ofDays(2)))
        .hasToString("1 attempt, then after 0.5s, 48h, then dead letter");
    assertThat(retry(1).jitter(0.5)).hasToString("2 attempts at once, then dead letter");
    assertThat(
            retry(0)
                .deadLetterOn(IOException.class)
                .discardOn(IllegalStateException.class)
                .retryOn(FileNotFoundException.class))
        .hasToString(
            "1 attempt, then dead letter; IOException: dead letter; IllegalStateException: discard; FileNotFoundException: retry");
  }

  @Test
  void each_step_leaves_the_policy_before_it_as_it_was() {
    FailurePolicy policy = retry(1);
    String before = policy.toString();

    policy.thenAfter(ofSeconds(1)).jitter(0.3).thenDiscard().deadLetterOn(IOException.class);
    policy.thenBackoff(ofSeconds(1), 2, ofSeconds(8), 3).retryOn(IOException.class);

    assertThat(policy).hasToString(before);
    assertThat(policy.decide(new IOException(), 1)).isEqualTo(AT_ONCE);
    assertThat(policy.attempts()).isEqualTo(2);
  }

  @Test
  void an_array_of_waits_may_be_changed_afterwards() {
    Duration[] waits = {ofSeconds(1)};
    FailurePolicy policy = noRetry().thenAfter(waits);

    waits[0] = ofSeconds(9);

    assertThat(policy.longestWait()).isEqualTo(ofSeconds(1));
  }

  @Test
  void illegal_arguments_are_refused_with_the_remedy() {
    refused(() -> retry(-1), "retry(-1): give 0 to 1000000 retries");
    refused(
        () -> noRetry().thenAfter(ofSeconds(1), ZERO),
        "thenAfter(PT0S): give a positive wait; for attempts at once use retry(n)");
    refused(
        () -> noRetry().thenAfter(ofSeconds(-1)),
        "thenAfter(PT-1S): give a positive wait; for attempts at once use retry(n)");
    refused(() -> retry(Integer.MAX_VALUE), "retry(2147483647): give 0 to 1000000 retries");
    refused(
        () -> noRetry().thenAfter(Duration.ofDays(36_501)),
        "thenAfter(PT876024H): give a wait of at most 36500 days");
    refused(() -> noRetry().jitter(-0.1), "jitter(-0.1): give a share from 0 to 1");
    refused(() -> noRetry().jitter(1.1), "jitter(1.1): give a share from 0 to 1");
    refused(() -> noRetry().jitter(Double.NaN), "jitter(NaN): give a share from 0 to 1");
    refused(
        () -> retry(1).deadLetterOn(IOException.class).discardOn(IOException.class),
        "java.io.IOException has the verdict dead letter already; it can't also be discard");
  }

  @Test
  void an_illegal_backoff_is_refused_with_the_remedy() {
    String remedy =
        ": give a positive first wait, a factor of at least 1, a longest wait from the first to 36500 days, and 1 to 10000 times";
    refused(
        () -> noRetry().thenBackoff(ZERO, 2, ofSeconds(1), 1),
        "thenBackoff(PT0S, 2.0, PT1S, 1)" + remedy);
    refused(
        () -> noRetry().thenBackoff(ofSeconds(-1), 2, ofSeconds(1), 1),
        "thenBackoff(PT-1S, 2.0, PT1S, 1)" + remedy);
    refused(
        () -> noRetry().thenBackoff(ofSeconds(1), 0.9, ofSeconds(1), 1),
        "thenBackoff(PT1S, 0.9, PT1S, 1)" + remedy);
    refused(
        () -> noRetry().thenBackoff(ofSeconds(1), Double.NaN, ofSeconds(1), 1),
        "thenBackoff(PT1S, NaN, PT1S, 1)" + remedy);
    refused(
        () -> noRetry().thenBackoff(ofSeconds(2), 2, ofSeconds(1), 1),
        "thenBackoff(PT2S, 2.0, PT1S, 1)" + remedy);
    refused(
        () -> noRetry().thenBackoff(ofSeconds(1), 2, ofSeconds(1), 0),
        "thenBackoff(PT1S, 2.0, PT1S, 0)" + remedy);
    refused(
        () -> noRetry().thenBackoff(ofSeconds(1), 2, ofSeconds(1), Integer.MAX_VALUE),
        "thenBackoff(PT1S, 2.0, PT1S, 2147483647)" + remedy);
    refused(
        () -> noRetry().thenBackoff(ofSeconds(1), 2, Duration.ofSeconds(Long.MAX_VALUE), 1),
        "thenBackoff(PT1S, 2.0, PT2562047788015215H30M7S, 1)" + remedy);
  }

  @Test
  @SuppressWarnings("unchecked") // a null class, wherever it comes from
  void a_null_class_is_refused() {
    Class<? extends Throwable> none = null;

    assertThatNullPointerException().isThrownBy(() -> retry(1).deadLetterOn(none));
  }

  @Test
  void the_same_verdict_twice_is_no_contradiction() {
    assertThat(retry(1).discardOn(IOException.class).discardOn(IOException.class))
        .hasToString("2 attempts at once, then dead letter; IOException: discard");
  }

  private List<Decision> decisions(FailurePolicy policy, int failures) {
    List<Decision> decisions = new ArrayList<>();
    for (int attempt = 1; attempt <= failures; attempt++) {
      decisions.add(policy.decide(failure, attempt));
    }
    return decisions;
  }

  private static Decision wait(Duration after) {
    return new Decision(RETRY, after);
  }

  private static void refused(Runnable call, String message) {
    assertThatIllegalArgumentException().isThrownBy(call::run).withMessage(message);
  }
}
