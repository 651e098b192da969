package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.common.KafkaFuture;

/** Waits for answers to administrative calls. */
final class AdminCalls {
  private static final long LOOK_AGAIN_MILLIS = 50;

  private AdminCalls() {}

  /**
   * An answer.
   *
   * @param doing completes "could not …"
   * @throws ExecutionException with the broker's refusal
   * @throws MessagingException if there is no answer in time
   */
  static <T> T answer(KafkaFuture<T> future, String doing, Deadline deadline)
      throws ExecutionException {
    try {
      return future.get(deadline.remainingMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw KafkaErrors.asking(doing, e);
    } catch (InterruptedException e) {
      throw interrupted(doing, e);
    }
  }

  /** An answer; every refusal becomes a {@link MessagingException}. */
  static <T> T answerOrFail(KafkaFuture<T> future, String doing, Deadline deadline) {
    try {
      return answer(future, doing, deadline);
    } catch (ExecutionException e) {
      throw KafkaErrors.asking(doing, e);
    }
  }

  /** Lets a moment pass before the same is asked again. */
  static void pause(String doing) {
    try {
      TimeUnit.MILLISECONDS.sleep(LOOK_AGAIN_MILLIS);
    } catch (InterruptedException e) {
      throw interrupted(doing, e);
    }
  }

  static MessagingException interrupted(String doing, InterruptedException e) {
    Thread.currentThread().interrupt();
    return new MessagingException(
        ErrorCode.TIMEOUT, "Could not %s on Kafka: interrupted".formatted(doing), e);
  }
}
