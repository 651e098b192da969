package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.error.ErrorCode;
import dev.waybill.transport.aws.AwsFailure.Fate;
import dev.waybill.transport.aws.PollAttempts.Attempt;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PollAttemptsTest {
  private static final AwsFailure LOST = failure(Fate.UNKNOWN);
  private static final AwsFailure THROTTLED = failure(Fate.NOT_NOW);

  private final AtomicLong now = new AtomicLong();
  private final PollAttempts attempts = new PollAttempts(now::get);

  private static AwsFailure failure(Fate fate) {
    return new AwsFailure(ErrorCode.BROKER_ERROR, fate, "on purpose", null);
  }

  @Test
  void aPollWhoseAnswerMayBeLostIsMadeAgainOnceUnderItsId() {
    Attempt first = attempts.next();
    attempts.failed(first, LOST);

    assertThat(attempts.next().id()).isEqualTo(first.id());
    assertThat(attempts.next().id()).isNotEqualTo(first.id());
  }

  @Test
  void aPollThatProvablyDidNothingIsNotMadeAgainUnderItsId() {
    Attempt first = attempts.next();
    attempts.failed(first, THROTTLED);

    assertThat(attempts.next().id()).isNotEqualTo(first.id());
  }

  @Test
  void aRepeatedPollThatDidNothingIsStillToBeMadeAgain() {
    Attempt first = attempts.next();
    attempts.failed(first, LOST);
    attempts.failed(attempts.next(), THROTTLED);

    assertThat(attempts.next().id()).isEqualTo(first.id());
  }

  @Test
  void anIdIsNotUsedForLongerThanSqsKnowsIt() {
    Attempt first = attempts.next();
    attempts.failed(first, LOST);
    now.addAndGet(Duration.ofMinutes(3).toNanos());
    Attempt again = attempts.next();
    attempts.failed(again, LOST);
    now.addAndGet(Duration.ofMinutes(2).toNanos());

    assertThat(again.id()).isEqualTo(first.id());
    assertThat(attempts.next().id()).isNotEqualTo(first.id());
  }
}
