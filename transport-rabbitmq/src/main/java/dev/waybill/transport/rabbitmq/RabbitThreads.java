package dev.waybill.transport.rabbitmq;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Makes the threads of one connection, the client's included, and knows when they are gone. As a
 * thread factory it serves the client.
 */
final class RabbitThreads implements ThreadFactory {
  private static final String PREFIX = "waybill-rabbitmq-";

  private final Set<Thread> alive = ConcurrentHashMap.newKeySet();
  private final AtomicInteger count = new AtomicInteger();

  @Override
  public Thread newThread(Runnable work) {
    return thread("client-" + count.incrementAndGet(), work);
  }

  /** A factory of threads {@code waybill-rabbitmq-<name>}. */
  ThreadFactory named(String name) {
    return work -> thread(name, work);
  }

  /** Waits until all threads but the caller's have ended, or the time is over, or interrupted. */
  void awaitEnd(Duration limit) {
    long end = System.nanoTime() + limit.toNanos();
    for (Thread thread : alive) {
      long millis = Duration.ofNanos(end - System.nanoTime()).toMillis();
      if (thread == Thread.currentThread() || millis <= 0) {
        continue;
      }
      try {
        thread.join(millis);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private Thread thread(String name, Runnable work) {
    Thread thread = new Thread(() -> run(PREFIX + name, work), PREFIX + name);
    thread.setDaemon(true);
    return thread;
  }

  private void run(String name, Runnable work) {
    Thread self = Thread.currentThread();
    // the client gives the threads it asks for names of its own before it starts them
    self.setName(name);
    alive.add(self);
    try {
      work.run();
    } finally {
      alive.remove(self);
    }
  }
}
