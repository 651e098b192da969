package dev.waybill.transport.inmemory;

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
import org.jspecify.annotations.Nullable;

/** Runs tasks when their time has come, on the thread that advances the time. Thread-safe. */
final class VirtualTimer extends AbstractExecutorService implements ScheduledExecutorService {
  private final Ticker ticker;
  private final PriorityQueue<Task<?>> tasks = new PriorityQueue<>();
  private long lastNumber;
  private boolean shutdown;

  /** A timer in a ticker's time. */
  VirtualTimer(Ticker ticker) {
    this.ticker = ticker;
  }

  /** When the next task is due, or {@link Ticker#NEVER}. */
  synchronized long nextDue() {
    Task<?> first = tasks.peek();
    return first == null ? Ticker.NEVER : first.due;
  }

  /** Runs the tasks that are due, in the order of their times. */
  void runWhatIsDue() {
    for (Task<?> task = pollDue(); task != null; task = pollDue()) {
      task.run();
    }
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
    return schedule(Executors.callable(command), delay, unit);
  }

  @Override
  public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
    Task<V> task = new Task<>(callable, dueAfter(delay, unit), Duration.ZERO, false);
    if (delay > 0) {
      add(task);
    } else {
      requireRunning();
      task.run();
    }
    return task;
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(
      Runnable command, long initialDelay, long period, TimeUnit unit) {
    return repeat(command, dueAfter(initialDelay, unit), period, unit, false);
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable command, long initialDelay, long delay, TimeUnit unit) {
    return repeat(command, dueAfter(initialDelay, unit), delay, unit, true);
  }

  @Override
  public void execute(Runnable command) {
    var unused = schedule(command, 0, TimeUnit.NANOSECONDS);
  }

  @Override
  public void shutdown() {
    var unused = shutdownNow();
  }

  @Override
  public synchronized List<Runnable> shutdownNow() {
    shutdown = true;
    List<Runnable> dropped = new ArrayList<>(tasks);
    tasks.clear();
    return dropped;
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

  private ScheduledFuture<?> repeat(
      Runnable command, long due, long period, TimeUnit unit, boolean fromItsEnd) {
    if (period <= 0) {
      throw new IllegalArgumentException("a period must be positive: " + period);
    }
    Duration each = Duration.of(period, unit.toChronoUnit());
    Task<?> task = new Task<>(Executors.callable(command), due, each, fromItsEnd);
    add(task);
    return task;
  }

  private long dueAfter(long delay, TimeUnit unit) {
    return ticker.after(Duration.of(Math.max(0, delay), unit.toChronoUnit()));
  }

  private synchronized void add(Task<?> task) {
    requireRunning();
    task.number = ++lastNumber;
    tasks.add(task);
  }

  private synchronized void requireRunning() {
    if (shutdown) {
      throw new RejectedExecutionException("the timer of the virtual clock is shut down");
    }
  }

  private synchronized @Nullable Task<?> pollDue() {
    return nextDue() <= ticker.now() ? tasks.poll() : null;
  }

  private synchronized void again(Task<?> task, long due) {
    if (!shutdown && !task.isCancelled()) {
      task.due = due;
      add(task);
    }
  }

  private synchronized void drop(Task<?> task) {
    tasks.remove(task);
  }

  /** Equal to itself alone; its place in the queue is fixed while it is there. */
  private final class Task<V> extends FutureTask<V> implements ScheduledFuture<V> {
    private final Duration period;
    private final boolean fromItsEnd;
    private volatile long due;
    private long number;

    /** A task that is repeated with the period, unless that is zero. */
    Task(Callable<V> callable, long due, Duration period, boolean fromItsEnd) {
      super(callable);
      this.due = due;
      this.period = period;
      this.fromItsEnd = fromItsEnd;
    }

    @Override
    public void run() {
      if (period.isZero()) {
        super.run();
      } else if (runAndReset()) {
        again(this, fromItsEnd ? ticker.after(period) : due + period.toNanos());
      }
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      boolean cancelled = super.cancel(mayInterruptIfRunning);
      drop(this);
      return cancelled;
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(due - ticker.now(), TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
      Task<?> task = (Task<?>) other;
      int byTime = Long.compare(due, task.due);
      return byTime != 0 ? byTime : Long.compare(number, task.number);
    }
  }
}
