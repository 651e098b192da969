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

  /**
   * Threads for the handlers of one consumer, which alone bounds their number. The one that was
   * idle last is woken first: it is still in the processor's caches, and those that are not needed
   * end. Where they took turns, ten queues with little to do cost twice as much.
   */
  static ExecutorService handlers(String name) {
    return new ThreadPoolExecutor(
        0,
        Integer.MAX_VALUE,
        IDLE_SECONDS,
        TimeUnit.SECONDS,
        new SynchronousQueue<>(),
        daemons(name));
  }

  /** One thread, which ends when it is idle; what it can't begin yet it does later, in order. */
  static ExecutorService single(String name) {
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), daemons(name));
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

  /**
   * A thread is made by whoever has something for it, perhaps one that sends in the middle of a
   * request: it has no thread-locals of that one's, and the class loader of the one that starts the
   * bus.
   */
  private static ThreadFactory daemons(String name) {
    AtomicInteger count = new AtomicInteger();
    ClassLoader loader = Thread.currentThread().getContextClassLoader();
    return task -> {
      Thread thread = new Thread(null, task, name + "-" + count.incrementAndGet(), 0, false);
      thread.setContextClassLoader(loader);
      thread.setDaemon(true);
      return thread;
    };
  }
}
