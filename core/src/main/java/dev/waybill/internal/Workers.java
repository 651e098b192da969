package dev.waybill.internal;

import java.lang.reflect.InvocationTargetException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The threads of a bus. */
final class Workers {
  private static final long IDLE_SECONDS = 10;

  private static final int MOST_ANSWERS = 256;

  private Workers() {}

  /** A pool for handlers: grows to {@code size}, shrinks to nothing when idle. */
  static ExecutorService platform(String name, int size) {
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            size, size, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), daemons(name));
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  /**
   * Threads that go on after answers of brokers, and tell of those that did not come: as many as
   * are at it, since it may block. Whoever gives it a task runs it when there are very many, or it
   * is shut down.
   */
  static ExecutorService answers(String name) {
    return new ThreadPoolExecutor(
        0,
        MOST_ANSWERS,
        IDLE_SECONDS,
        TimeUnit.SECONDS,
        new SynchronousQueue<>(),
        daemons(name),
        (task, pool) -> task.run());
  }

  /** Lets a pool of {@link #platform} grow to another size; virtual threads need no room. */
  static void resize(ExecutorService workers, int size) {
    if (workers instanceof ThreadPoolExecutor pool) {
      pool.setCorePoolSize(Math.min(size, pool.getMaximumPoolSize()));
      pool.setMaximumPoolSize(size);
      pool.setCorePoolSize(size);
    }
  }

  static boolean virtualThreadsAvailable() {
    return Runtime.version().feature() >= 21;
  }

  /** A virtual thread per handler; by reflection, since this is compiled for Java 17. */
  static ExecutorService virtual() {
    try {
      return (ExecutorService)
          Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
    } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException e) {
      throw new IllegalStateException("virtual threads were promised by the start-up checks", e);
    }
  }

  /** The one timer of a bus; its tasks must not block. */
  static ScheduledThreadPoolExecutor timer(String name) {
    ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, daemons(name));
    timer.setRemoveOnCancelPolicy(true);
    timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    return timer;
  }

  private static ThreadFactory daemons(String name) {
    AtomicInteger count = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }
}
