package dev.waybill.internal;

import java.util.List;
import java.util.Set;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A bus's part in a timer that others use too: shutting it down cancels what the bus has scheduled,
 * and leaves the timer alone.
 */
final class BorrowedTimer extends AbstractExecutorService implements ScheduledExecutorService {
  private static final int FIRST_LIMIT = 64;

  private final ScheduledExecutorService lender;
  private final Set<Future<?>> tasks = ConcurrentHashMap.newKeySet();
  private volatile boolean shutdown;

  /** How many tasks there may be before those that are done are forgotten. */
  private volatile int limit = FIRST_LIMIT;

  BorrowedTimer(ScheduledExecutorService lender) {
    this.lender = lender;
  }

  private <F extends Future<?>> F scheduled(Supplier<F> task) {
    if (shutdown) {
      throw new RejectedExecutionException("the bus is closed");
    }
    F scheduled = task.get();
    tasks.add(scheduled);
    if (shutdown) { // meanwhile
      scheduled.cancel(false);
    }
    if (tasks.size() > limit) {
      tasks.removeIf(Future::isDone);
      limit = Math.max(FIRST_LIMIT, 2 * tasks.size());
    }
    return scheduled;
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
    return scheduled(() -> lender.schedule(command, delay, unit));
  }

  @Override
  public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
    return scheduled(() -> lender.schedule(callable, delay, unit));
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(
      Runnable command, long initialDelay, long period, TimeUnit unit) {
    return scheduled(() -> lender.scheduleAtFixedRate(command, initialDelay, period, unit));
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable command, long initialDelay, long delay, TimeUnit unit) {
    return scheduled(() -> lender.scheduleWithFixedDelay(command, initialDelay, delay, unit));
  }

  @Override
  public void execute(Runnable command) {
    var unused = schedule(command, 0, TimeUnit.NANOSECONDS);
  }

  @Override
  public void shutdown() {
    shutdown = true;
    tasks.forEach(task -> task.cancel(false));
    tasks.clear();
  }

  @Override
  public List<Runnable> shutdownNow() {
    shutdown();
    return List.of();
  }

  @Override
  public boolean isShutdown() {
    return shutdown;
  }

  @Override
  public boolean isTerminated() {
    return shutdown;
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return shutdown;
  }
}
