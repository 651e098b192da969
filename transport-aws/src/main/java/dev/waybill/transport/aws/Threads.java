package dev.waybill.transport.aws;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The threads of a connection: daemons, named {@code waybill-aws-…}. */
final class Threads {
  private Threads() {}

  static Thread named(String name, Runnable work) {
    Thread thread = new Thread(work, "waybill-aws-" + name);
    thread.setDaemon(true);
    return thread;
  }

  /** A pool of up to {@code size} threads, which end when idle. */
  static ExecutorService pool(String name, int size) {
    AtomicInteger count = new AtomicInteger();
    ThreadFactory factory = work -> named(name + "-" + count.incrementAndGet(), work);
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            size, size, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), factory);
    pool.allowCoreThreadTimeOut(true);
    return pool;
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
