package dev.waybill.testkit;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/**
 * Runs each case in a thread of a group of its own, to which belongs every thread that is begun
 * there: so it is known whose they are, also where cases run side by side.
 */
final class CaseThreads implements InvocationInterceptor {
  @Override
  public void interceptTestMethod(
      Invocation<@Nullable Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    ThreadGroup group = new ThreadGroup(context.getDisplayName());
    ((ContractSupport) context.getRequiredTestInstance()).runsIn(group);
    Thread runner = new Thread(group, () -> proceed(invocation, failure), "case");
    runner.start();
    join(runner);
    Throwable thrown = failure.get();
    if (thrown != null) {
      throw thrown;
    }
  }

  private static void proceed(
      Invocation<@Nullable Void> invocation, AtomicReference<@Nullable Throwable> failure) {
    try {
      invocation.proceed();
    } catch (Throwable e) { // is the case's, whatever it is
      failure.set(e);
    }
  }

  /** A case whose time is over is interrupted, and has an end, too. */
  private static void join(Thread runner) throws InterruptedException {
    try {
      runner.join();
    } catch (InterruptedException e) {
      runner.interrupt();
      runner.join();
      throw e;
    }
  }

  /** The threads of a group that run, but for the caller. */
  static List<Thread> of(ThreadGroup group) {
    List<Thread> running = new ArrayList<>();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      for (ThreadGroup each = thread.getThreadGroup(); each != null; each = each.getParent()) {
        if (each == group && thread != Thread.currentThread()) {
          running.add(thread);
        }
      }
    }
    return running;
  }
}
