package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.error.ErrorCode;
import dev.waybill.transport.aws.AwsFailure.Fate;
import dev.waybill.transport.aws.PollAttempts.Attempt;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PollAttemptsTest {
  private static final AwsFailure LOST = failure(ErrorCode.BROKER_ERROR, Fate.UNKNOWN);
  private static final AwsFailure THROTTLED = failure(ErrorCode.THROTTLED, Fate.NOT_NOW);

  private final AtomicLong now = new AtomicLong();
  private final PollAttempts attempts = new PollAttempts(now::get);

  private static AwsFailure failure(ErrorCode code, Fate fate) {
    return new AwsFailure(code, fate, "on purpose", null);
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
  void aRepeatedPollThatDidNotReachSqsIsStillToBeMadeAgain() {
    Attempt first = attempts.next(10);
    attempts.failed(first, LOST);
    attempts.failed(attempts.next(10), failure(ErrorCode.CONNECTION_FAILED, Fate.NOT_EXECUTED));
    attempts.failed(attempts.next(10), failure(ErrorCode.NOT_AUTHENTICATED, Fate.NOT_NOW));

    assertThat(attempts.next(10).id()).isEqualTo(first.id());
  }

  @Test
  void anIdThatSqsRefusesIsNotUsedAgain() {
    AwsFailure refused =
        AwsErrors.answered(
            "InvalidParameterValue",
            400,
            "Value for parameter ReceiveRequestAttemptId is invalid. Reason: The"
                + " receiveRequestAttemptId is not valid anymore since the receive call is not"
                + " retryable.",
            "r",
            null);
    for (AwsFailure answer : List.of(refused, THROTTLED)) {
      Attempt first = attempts.next(10);
      attempts.failed(first, LOST);
      attempts.failed(attempts.next(10), answer);

      assertThat(attempts.next(10).id()).isNotEqualTo(first.id());
    }
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
