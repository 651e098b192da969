package dev.waybill.transport.aws;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * Runs blocking calls on an executor: those of one lane one after another in the order in which
 * they were handed over, those of different lanes side by side. A lane exists while it has work.
 */
final class Lanes {
  private final Executor executor;
  private final Map<Object, Deque<Runnable>> waiting = new HashMap<>();

  Lanes(Executor executor) {
    this.executor = executor;
  }

  /**
   * Runs {@code task} after those handed over before for the same lane.
   *
   * @throws RejectedExecutionException if the executor is shut down
   */
  void execute(Object lane, Runnable task) {
    synchronized (waiting) {
      Deque<Runnable> queue = waiting.get(lane);
      if (queue != null) {
        queue.add(task);
        return;
      }
      executor.execute(() -> runAndGoOn(lane, task));
      waiting.put(lane, new ArrayDeque<>());
    }
  }

  private void runAndGoOn(Object lane, Runnable task) {
    try {
      task.run();
    } finally {
      goOn(lane);
    }
  }

  private void goOn(Object lane) {
    synchronized (waiting) {
      Deque<Runnable> queue = waiting.get(lane);
      Runnable next = queue == null ? null : queue.poll();
      if (next == null) {
        waiting.remove(lane);
        return;
      }
      try {
        executor.execute(() -> runAndGoOn(lane, next));
      } catch (RejectedExecutionException e) {
        // closing: whoever closed the executor completes what is left open
        waiting.remove(lane);
      }
    }
  }
}
