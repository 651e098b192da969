package dev.waybill.transport.aws;

import dev.waybill.transport.aws.AwsFailure.Fate;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.UUID;
import java.util.function.LongSupplier;

/**
 * The ids of polls of a FIFO queue. A poll whose answer may have been lost is made once more under
 * its id, as soon as there is as much room again, and brings what that answer had, which would stay
 * hidden else, and with it its message groups. Thread-safe.
 */
final class PollAttempts {
  /** SQS knows an id for five minutes (ReceiveMessage, AWS's API reference). */
  private static final Duration KNOWN = Duration.ofMinutes(4);

  /**
   * A poll.
   *
   * @param max how many messages it asks for
   * @param mayHaveBeenAnswered whether one under this id may have been answered before
   * @param end until when it may be made
   */
  record Attempt(String id, int max, boolean mayHaveBeenAnswered, Deadline end) {}

  private final LongSupplier nanoTime;
  private final Deque<Attempt> lost = new ArrayDeque<>(); // guarded by this

  PollAttempts(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** For so many messages at most. */
  synchronized Attempt next(int max) {
    lost.removeIf(attempt -> attempt.end().hasPassed());
    for (Attempt again : lost) {
      if (again.max() <= max) {
        lost.remove(again);
        return again;
      }
    }
    return new Attempt(UUID.randomUUID().toString(), max, false, Deadline.in(KNOWN, nanoTime));
  }

  /**
   * An id that SQS has answered, in whatever way, is done with: it refuses one whose poll it has
   * throttled, or of whose messages one was settled or renewed, however often it is used.
   */
  synchronized void failed(Attempt attempt, AwsFailure failure) {
    if (failure.fate() == Fate.UNKNOWN
        || (attempt.mayHaveBeenAnswered() && hasNotReachedTheQueue(failure))) {
      lost.add(new Attempt(attempt.id(), attempt.max(), true, attempt.end()));
    }
  }

  private static boolean hasNotReachedTheQueue(AwsFailure failure) {
    return failure.isForWantOfAws() || failure.isAboutExpiredCredentials();
  }
}
