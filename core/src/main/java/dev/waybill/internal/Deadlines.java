package dev.waybill.internal;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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
  /** How much sooner a deadline may end: longer would be noticed, shorter needs more tasks. */
  private static final Duration LONGEST_MOMENT = Duration.ofMillis(10);

  /** The part of its length that a deadline may be shorter. */
  private static final int MOMENTS = 100;

  private final ScheduledExecutorService timer;
  private final Duration length;
  private final long momentNanos;
  private @Nullable Moment open;

  Deadlines(ScheduledExecutorService timer, Duration length) {
    this.timer = timer;
    this.length = length;
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
   * Begins a deadline.
   *
   * @param late is run on the timer's thread when it is over
   * @return where it can be {@linkplain Moment#end ended} before
   * @throws java.util.concurrent.RejectedExecutionException if the timer has ended
   */
  synchronized Moment begin(Runnable late) {
    Moment moment = open;
    if (moment == null || moment.isPast()) {
      if (moment != null) {
        close(moment);
      }
      moment = new Moment();
      moment.schedule();
      open = moment;
    }
    moment.watched.add(late);
    return moment;
  }

  private synchronized void close(Moment moment) {
    if (open == moment) {
      open = null;
    }
    moment.closed = true;
    moment.cancelIfEmpty();
  }

  /** The deadlines that began together. */
  final class Moment {
    private final Set<Runnable> watched = ConcurrentHashMap.newKeySet();
    private final long begun = System.nanoTime();
    private @Nullable Future<?> over;
    private volatile boolean closed;

    /** The deadline of {@code late} is met. Idempotent. */
    void end(Runnable late) {
      watched.remove(late);
      if (closed) {
        cancelIfEmpty();
      }
    }

    /** The timer may be a test's, whose time passes by leaps, or may be late itself. */
    private void schedule() {
      over = timer.schedule(this::over, length.toNanos(), TimeUnit.NANOSECONDS);
      var unused = timer.schedule(() -> close(this), momentNanos, TimeUnit.NANOSECONDS);
    }

    private boolean isPast() {
      return System.nanoTime() - begun >= momentNanos;
    }

    private void cancelIfEmpty() {
      Future<?> task = over;
      if (task != null && watched.isEmpty()) {
        task.cancel(false);
      }
    }

    private void over() {
      close(this); // first: what begins from now on has a moment of its own
      watched.forEach(Runnable::run);
    }
  }
}
