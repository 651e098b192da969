package dev.waybill.internal;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/**
 * Something that may be wrong for a while, for {@link dev.waybill.Health}: what, and since when.
 * Thread-safe; saying that all is well costs a look at a field.
 */
final class Trouble {
  private record Problem(Instant since, Instant last, String what) {}

  private final Clock clock;
  private volatile @Nullable Problem problem;

  Trouble(Clock clock) {
    this.clock = clock;
  }

  /** Something is wrong; if it was before, then since that time. */
  synchronized void is(String what) {
    Problem before = problem;
    Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    problem = new Problem(before == null ? now : before.since(), now, what);
  }

  /** Nothing is wrong any more. */
  void isOver() {
    if (problem != null) {
      synchronized (this) {
        problem = null;
      }
    }
  }

  /**
   * A sentence about what was wrong within a time, or null: what nobody tries again can't show that
   * it is over.
   */
  @Nullable String sentence(Duration within) {
    Problem now = problem;
    return now == null || now.last().plus(within).isBefore(clock.instant()) ? null : sentence();
  }

  /** A sentence about what is wrong, or null. */
  @Nullable String sentence() {
    Problem now = problem;
    return now == null ? null : "Since " + now.since() + " " + now.what();
  }
}
