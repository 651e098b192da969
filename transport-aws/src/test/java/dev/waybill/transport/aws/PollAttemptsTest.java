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
    Attempt first = attempts.next(10);
    attempts.failed(first, LOST);

    assertThat(attempts.next(10).id()).isEqualTo(first.id());
    assertThat(attempts.next(10).id()).isNotEqualTo(first.id());
  }

  @Test
  void aPollThatProvablyDidNothingIsNotMadeAgainUnderItsId() {
    Attempt first = attempts.next(10);
    attempts.failed(first, THROTTLED);

    assertThat(attempts.next(10).id()).isNotEqualTo(first.id());
  }

  @Test
  void aRepeatedPollThatDidNothingIsStillToBeMadeAgain() {
    Attempt first = attempts.next(10);
    attempts.failed(first, LOST);
    attempts.failed(attempts.next(10), THROTTLED);

    assertThat(attempts.next(10).id()).isEqualTo(first.id());
  }

  @Test
  void anIdIsNotUsedForLongerThanSqsKnowsIt() {
    Attempt first = attempts.next(10);
    attempts.failed(first, LOST);
    now.addAndGet(Duration.ofMinutes(3).toNanos());
    Attempt again = attempts.next(10);
    attempts.failed(again, LOST);
    now.addAndGet(Duration.ofMinutes(2).toNanos());

    assertThat(again.id()).isEqualTo(first.id());
    assertThat(attempts.next(10).id()).isNotEqualTo(first.id());
  }

  @Test
  void eachOfSeveralLostPollsIsMadeAgain() {
    Attempt first = attempts.next(10);
    Attempt second = attempts.next(10);
    attempts.failed(first, LOST);
    attempts.failed(second, LOST);

    assertThat(attempts.next(10).id()).isEqualTo(first.id());
    assertThat(attempts.next(10).id()).isEqualTo(second.id());
  }

  @Test
  void aLostPollIsMadeAgainForAsManyAsBeforeAndOnlyWhenThereIsRoom() {
    Attempt first = attempts.next(7);
    attempts.failed(first, LOST);

    assertThat(attempts.next(6).id()).isNotEqualTo(first.id());
    Attempt again = attempts.next(10);
    assertThat(again.id()).isEqualTo(first.id());
    assertThat(again.max()).isEqualTo(7);
  }
}
