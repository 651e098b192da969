package dev.waybill.transport.kafka;

import java.util.concurrent.ThreadFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes daemon threads, and waits for their end. */
final class Threads {
  private static final Logger log = LoggerFactory.getLogger(Threads.class);

  private Threads() {}

  static ThreadFactory named(String name) {
    return work -> daemon(name, work);
  }

  static Thread daemon(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }

  /** Waits for a thread's end, unless it is the caller's. */
  static void join(Thread thread, Deadline deadline) {
    if (Thread.currentThread() == thread) {
      return;
    }
    try {
      thread.join(deadline.remainingMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (thread.isAlive()) {
      log.warn("{} has not ended yet; it ends by itself", thread.getName());
    }
  }
}
