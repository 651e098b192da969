package dev.waybill.testkit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Tells whether Waybill has left a thread behind: each of a bus or a transport is called {@code
 * waybill-…}, and is gone when they are closed.
 *
 * <p>Looks at all threads of the JVM: where other tests run at the same time, theirs are taken for
 * ones that were left. Use it in tests that run alone.
 */
public final class LeakCheck {
  private final Set<Thread> before = Thread.getAllStackTraces().keySet();

  private LeakCheck() {}

  /** Begins: what runs now is not looked at later. */
  public static LeakCheck begin() {
    return new LeakCheck();
  }

  /**
   * Waits until every thread that has begun since is gone.
   *
   * @throws AssertionError if one is still there after {@code patience}; it names all of them
   */
  public void assertNothingIsLeft(Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    List<String> left = new ArrayList<>();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (!before.contains(thread)
          && thread.getName().startsWith("waybill-")
          && !ended(thread, deadline)) {
        left.add(thread.getName());
      }
    }
    if (!left.isEmpty()) {
      throw new AssertionError("threads are left after %s: %s".formatted(patience, left));
    }
  }

  private static boolean ended(Thread thread, long deadline) {
    try {
      thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return !thread.isAlive();
  }
}
