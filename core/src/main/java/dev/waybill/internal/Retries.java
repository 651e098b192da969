package dev.waybill.internal;

import dev.waybill.transport.Settlement.Result;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Has messages handled again, after a wait that is kept by the transport or here; one that is
 * longer than its delivery may be open goes on when the message has come again. Thread-safe.
 */
final class Retries {
  private final Schedule schedule;
  private final Settler settler;
  private final Waits waits;
  private final ScheduledExecutorService timer;
  private final Returning returning = new Returning();

  Retries(Schedule schedule, Settler settler, Waits waits, ScheduledExecutorService timer) {
    this.schedule = schedule;
    this.settler = settler;
    this.waits = waits;
    this.timer = timer;
  }

  /** A message has arrived, perhaps again. */
  void arrived(Work work) {
    waits.opened(work);
    returning.giveTo(work);
  }

  /** The head of a lane is to be handled again after a time. */
  void begin(Turn turn, Resolution retried, Duration after) {
    if (waits.atTheBroker(turn.work, after)) {
      giveBackUntilDue(turn, retried);
    } else if (schedule.isStopping()) {
      release(turn);
    } else {
      turn.work.next();
      if (after.isZero()) {
        again(turn);
      } else {
        await(turn, after);
      }
    }
  }

  /** The message, and what is behind it, need no place here until then. */
  private void giveBackUntilDue(Turn turn, Resolution retried) {
    returning.keepFirstFailure(turn.work);
    var unused =
        settler
            .settle(turn.work, retried)
            .whenComplete(
                (result, failure) ->
                    schedule.givenBack(
                        turn, result, behind -> behind.forEach(returning::keepFirstFailure)));
  }

  private void await(Turn turn, Duration after) {
    waits.begin(turn.work, after);
    if (!schedule.await(turn, after)) {
      release(turn);
    }
  }

  /**
   * Has the head of a lane handled again after a time, as far as its delivery may be open for it;
   * returns false if the timer does not, which may be a caller's that has ended.
   */
  boolean wake(Turn turn, Duration after) {
    Duration here = waits.here(turn.work, after);
    Runnable then = here.equals(after) ? () -> again(turn) : () -> waitOn(turn);
    try {
      var unused = timer.schedule(then, TimeUnit.NANOSECONDS.convert(here), TimeUnit.NANOSECONDS);
      return true;
    } catch (RejectedExecutionException e) {
      return false;
    }
  }

  /** The message goes back, with those behind it, and waits on when it has come again. */
  private void waitOn(Turn turn) {
    if (!schedule.goesBack(turn)) {
      return;
    }
    returning.keep(turn.work);
    var unused =
        settler
            .release(turn.work)
            .whenComplete(
                (result, failure) ->
                    schedule.givenBack(turn, result, behind -> behind.forEach(returning::keep)));
  }

  /** Makes a lane whose head waited ready. */
  private void again(Turn turn) {
    if (!schedule.again(turn)) {
      release(turn);
    }
  }

  private void release(Turn turn) {
    CompletableFuture<Result> released = settler.release(turn.work);
    var unused = released.whenComplete((result, failure) -> schedule.finished(turn, result));
  }
}
