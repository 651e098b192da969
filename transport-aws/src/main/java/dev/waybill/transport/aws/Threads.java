package dev.waybill.transport.aws;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The threads of a connection: daemons, named {@code waybill-aws-…}. */
final class Threads {
  private static final int IDLE_SECONDS = 10;

  private Threads() {}

  static Thread named(String name, Runnable work) {
    Thread thread = new Thread(work, "waybill-aws-" + name);
    thread.setDaemon(true);
    return thread;
  }

  static ThreadFactory factory(String name) {
    AtomicInteger count = new AtomicInteger();
    return work -> named(name + "-" + count.incrementAndGet(), work);
  }

  /** A pool of up to {@code size} threads, which end when idle. */
  static ExecutorService pool(String name, int size) {
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            size, size, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), factory(name));
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  /** A thread for each task, for as many as there are; they end when idle. */
  static ExecutorService growing(String name) {
    return new ThreadPoolExecutor(
        0,
        Integer.MAX_VALUE,
        IDLE_SECONDS,
        TimeUnit.SECONDS,
        new SynchronousQueue<>(),
        factory(name));
  }

  /** Whether all threads of the pool have ended by then. */
  static boolean awaitTermination(ExecutorService pool, Deadline deadline) {
    try {
      return pool.awaitTermination(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
