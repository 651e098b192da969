package dev.waybill.transport.aws;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** One thread that does things later; what it runs must not block. */
final class Timer implements AutoCloseable {
  private final ScheduledThreadPoolExecutor thread;

  Timer(String name) {
    thread = new ScheduledThreadPoolExecutor(1, Threads.factory(name));
    thread.setRemoveOnCancelPolicy(true);
  }

  /** Runs a task after a time; not at all once closed. */
  void after(Duration time, Runnable task) {
    try {
      var unused = thread.schedule(task, time.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // closed: whoever waits is given an answer by the close
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }

  boolean awaitTermination(Deadline deadline) {
    return Threads.awaitTermination(thread, deadline);
  }
}
