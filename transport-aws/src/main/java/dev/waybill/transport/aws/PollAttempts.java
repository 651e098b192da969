package dev.waybill.transport.aws;

import dev.waybill.transport.aws.AwsFailure.Fate;
import java.time.Duration;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The ids of polls of a FIFO queue. A poll whose answer may have been lost is made once more under
 * its id, and brings what that answer had, which would stay hidden else, and with it its message
 * groups. Thread-safe.
 */
final class PollAttempts {
  /** SQS knows an id for five minutes (ReceiveMessage, AWS's API reference). */
  private static final Duration KNOWN = Duration.ofMinutes(4);

  /**
   * A poll.
   *
   * @param mayHaveBeenAnswered whether one under this id may have been answered before
   * @param end until when it may be made
   */
  record Attempt(String id, boolean mayHaveBeenAnswered, Deadline end) {}

  private final LongSupplier nanoTime;
  private @Nullable Attempt lost; // guarded by this

  PollAttempts(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  synchronized Attempt next() {
    Attempt again = lost;
    lost = null;
    return again != null && !again.end().hasPassed()
        ? again
        : new Attempt(UUID.randomUUID().toString(), false, Deadline.in(KNOWN, nanoTime));
  }

  synchronized void failed(Attempt attempt, AwsFailure failure) {
    boolean mayBeLost = attempt.mayHaveBeenAnswered() || failure.fate() == Fate.UNKNOWN;
    if (mayBeLost && lost == null) {
      lost = new Attempt(attempt.id(), true, attempt.end());
    }
  }
}
