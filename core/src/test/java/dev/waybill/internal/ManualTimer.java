package dev.waybill.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** A timer whose time passes when a test says so; its tasks run on the test's thread. */
final class ManualTimer extends AbstractExecutorService implements ScheduledExecutorService {
  private final PriorityQueue<Task<?>> tasks = new PriorityQueue<>();
  private long now;
  private long scheduled;
  private boolean shutdown;

  /** Lets time pass, and everything happen that is due until then. */
  void advance(Duration duration) {
    long until;
    synchronized (this) {
      until = now + duration.toNanos();
    }
    for (Task<?> due = next(until); due != null; due = next(until)) {
      due.run();
    }
    synchronized (this) {
      now = until;
    }
  }

  /** The time, as {@link System#nanoTime}. */
  synchronized long nanoTime() {
    return now;
  }

  /** How many tasks wait for their time. */
  synchronized int waiting() {
    tasks.removeIf(FutureTask::isCancelled);
    return tasks.size();
  }

  private synchronized Task<?> next(long until) {
    tasks.removeIf(FutureTask::isCancelled);
    Task<?> first = tasks.peek();
    if (first == null || first.due > until) {
      return null;
    }
    tasks.remove();
    now = first.due;
    return first;
  }

  private synchronized <V> Task<V> add(Task<V> task) {
    if (shutdown) {
      throw new RejectedExecutionException("shut down");
    }
    tasks.add(task);
    return task;
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
    return schedule(Executors.callable(command), delay, unit);
  }

  @Override
  public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
    return add(new Task<>(callable, unit.toNanos(delay), 0));
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(
      Runnable command, long initialDelay, long period, TimeUnit unit) {
    return add(
        new Task<>(Executors.callable(command), unit.toNanos(initialDelay), unit.toNanos(period)));
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable command, long initialDelay, long delay, TimeUnit unit) {
    return scheduleAtFixedRate(command, initialDelay, delay, unit);
  }

  @Override
  public void execute(Runnable command) {
    command.run();
  }

  @Override
  public synchronized void shutdown() {
    shutdown = true;
    tasks.clear();
  }

  @Override
  public synchronized List<Runnable> shutdownNow() {
    List<Runnable> left = new ArrayList<>(tasks);
    shutdown();
    return left;
  }

  @Override
  public synchronized boolean isShutdown() {
    return shutdown;
  }

  @Override
  public boolean isTerminated() {
    return isShutdown();
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return isShutdown();
  }

  private final class Task<V> extends FutureTask<V> implements ScheduledFuture<V> {
    private final long period;
    private final long order;
    private long due;

    Task(Callable<V> callable, long delay, long period) {
      super(callable);
      synchronized (ManualTimer.this) {
        this.due = now + delay;
        this.order = scheduled++;
      }
      this.period = period;
    }

    @Override
    public void run() {
      if (period == 0) {
        super.run();
      } else if (runAndReset()) {
        due += period;
        var unused = add(this);
      }
    }

    @Override
    public long getDelay(TimeUnit unit) {
      synchronized (ManualTimer.this) {
        return unit.convert(due - now, TimeUnit.NANOSECONDS);
      }
    }

    @Override
    public int compareTo(Delayed other) {
      Task<?> that = (Task<?>) other;
      return due == that.due ? Long.compare(order, that.order) : Long.compare(due, that.due);
    }

    @Override
    public boolean equals(Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return Long.hashCode(order);
    }
  }
}
