package dev.waybill.transport.kafka;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands tasks to another thread, in order, and wakes that only when it has none left: answers come
 * by the batch, and to wake a thread costs more than to run them. Thread-safe.
 */
final class AnswerThread implements Executor {
  private static final Logger log = LoggerFactory.getLogger(AnswerThread.class);

  private final Executor thread;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final AtomicInteger count = new AtomicInteger();

  /**
   * A hand-over.
   *
   * @param thread runs what it is given on one thread
   */
  AnswerThread(Executor thread) {
    this.thread = thread;
  }

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
    if (count.getAndIncrement() == 0) {
      thread.execute(this::runAll);
    }
  }

  private void runAll() {
    do {
      run(tasks.remove());
    } while (count.decrementAndGet() > 0);
  }

  private static void run(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException | Error e) { // must not keep the others from their answers
      log.error("An answer could not be handed on", e);
    }
  }
}
