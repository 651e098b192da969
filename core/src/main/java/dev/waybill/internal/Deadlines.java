package dev.waybill.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Deadlines of one length. Those that begin within a moment share one task of the timer, and end
 * with the first of them: a task for each would cost more than the send that it watches.
 * Thread-safe.
 */
final class Deadlines {
  /** What has to be done in time; the links are its moment's, so that it costs no entry. */
  abstract static class Deadline {
    private @Nullable Moment moment;
    private @Nullable Deadline earlier;
    private @Nullable Deadline later;
    private boolean met;

    /** It was not {@linkplain Deadlines#meet met}. */
    abstract void late();
  }

  /** How much sooner a deadline may end: longer would be noticed, shorter needs more tasks. */
  private static final Duration LONGEST_MOMENT = Duration.ofMillis(10);

  /** The part of its length that a deadline may be shorter. */
  private static final int MOMENTS = 100;

  private final ScheduledExecutorService timer;
  private final Duration length;
  private final Executor late;
  private final long momentNanos;
  private @Nullable Moment open;

  /**
   * Deadlines.
   *
   * @param late runs what is late, as a task for all that are late together
   */
  Deadlines(ScheduledExecutorService timer, Duration length, Executor late) {
    this.timer = timer;
    this.length = length;
    this.late = late;
    Duration part = length.dividedBy(MOMENTS);
    this.momentNanos = (part.compareTo(LONGEST_MOMENT) < 0 ? part : LONGEST_MOMENT).toNanos();
  }

  Duration length() {
    return length;
  }

  /** Whether a deadline that has begun so long ago may be kept with those of now. */
  boolean isNow(long elapsedNanos) {
    return elapsedNanos < momentNanos;
  }

  /**
   * Begins a deadline, unless it is met already.
   *
   * @throws java.util.concurrent.RejectedExecutionException if the timer has ended
   */
  synchronized void begin(Deadline deadline) {
    if (deadline.met) {
      return;
    }
    Moment moment = open;
    if (moment == null || moment.isPast()) {
      if (moment != null) {
        moment.close();
      }
      moment = new Moment();
      moment.schedule();
      open = moment;
    }
    moment.add(deadline);
  }

  /**
   * A deadline is met, and will not be late, unless that is under way. Idempotent.
   *
   * @return whether it was not met before
   */
  synchronized boolean meet(Deadline deadline) {
    boolean first = !deadline.met;
    deadline.met = true;
    Moment moment = deadline.moment;
    if (moment != null) {
      moment.remove(deadline);
      moment.cancelIfOver();
    }
    return first;
  }

  /** The deadlines that began together. Guarded by the lock of all. */
  private final class Moment {
    private final long begun = System.nanoTime();
    private @Nullable Deadline first;
    private @Nullable Future<?> over;
    private boolean closed;

    /** The timer may be a test's, whose time passes by leaps, or may be late itself. */
    void schedule() {
      over = timer.schedule(this::over, length.toNanos(), TimeUnit.NANOSECONDS);
      var unused = timer.schedule(this::pass, momentNanos, TimeUnit.NANOSECONDS);
    }

    boolean isPast() {
      return System.nanoTime() - begun >= momentNanos;
    }

    /** Takes no more. */
    void close() {
      if (open == this) {
        open = null;
      }
      closed = true;
      cancelIfOver();
    }

    void cancelIfOver() {
      Future<?> task = over;
      if (closed && first == null && task != null) {
        task.cancel(false);
      }
    }

    void add(Deadline deadline) {
      deadline.moment = this;
      deadline.later = first;
      if (first != null) {
        first.earlier = deadline;
      }
      first = deadline;
    }

    void remove(Deadline deadline) {
      Deadline earlier = deadline.earlier;
      Deadline later = deadline.later;
      if (earlier == null) {
        first = later;
      } else {
        earlier.later = later;
      }
      if (later != null) {
        later.earlier = earlier;
      }
      deadline.moment = null;
      deadline.earlier = null;
      deadline.later = null;
    }

    private void pass() {
      synchronized (Deadlines.this) {
        close();
      }
    }

    private void over() {
      List<Deadline> missed = new ArrayList<>();
      synchronized (Deadlines.this) {
        close(); // first: what begins from now on has a moment of its own
        for (Deadline next = first; next != null; next = first) {
          remove(next);
          missed.add(next);
        }
      }
      Collections.reverse(missed);
      if (!missed.isEmpty()) {
        late.execute(() -> missed.forEach(Deadline::late));
      }
    }
  }
}
