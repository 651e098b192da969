package dev.waybill.transport.aws;

import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;

/**
 * The threads on which the answers that others see complete: whoever continues there and sends
 * again may have to wait for a place, which only the port's and the timer's threads make free.
 */
final class Confirmations implements Executor, AutoCloseable {
  private static final int THREADS = 4;

  private final ExecutorService threads;

  Confirmations(String name) {
    threads = Threads.pool(name, THREADS);
  }

  /** Once closed, on the caller's thread: nobody is left without an answer. */
  @Override
  public void execute(Runnable completion) {
    try {
      threads.execute(completion);
    } catch (RejectedExecutionException e) {
      completion.run();
    }
  }

  @Override
  public void close() {
    threads.shutdown();
  }

  boolean awaitTermination(Deadline deadline) {
    return Threads.awaitTermination(threads, deadline);
  }
}
