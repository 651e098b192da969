package dev.waybill.transport.rabbitmq;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that does what it is told in order, so that what belongs to it needs no lock. Its
 * owner bounds how much is in it.
 */
final class Mailbox {
  private static final Logger log = LoggerFactory.getLogger(Mailbox.class);

  private final ScheduledThreadPoolExecutor thread;
  private volatile @Nullable Thread self;

  Mailbox(RabbitThreads threads, String name) {
    thread =
        new ScheduledThreadPoolExecutor(
            1,
            work ->
                threads
                    .named(name)
                    .newThread(
                        () -> {
                          self = Thread.currentThread();
                          work.run();
                        }));
    thread.setRemoveOnCancelPolicy(true);
  }

  /** Has {@code work} done soon; returns whether it will be: not after {@link #close}. */
  boolean tell(Runnable work) {
    try {
      thread.execute(() -> run(work));
      return true;
    } catch (RejectedExecutionException e) {
      return false;
    }
  }

  /**
   * Has {@code work} done later; nothing happens if closed before.
   *
   * @return calls it off
   */
  Runnable tellLater(long millis, Runnable work) {
    try {
      Future<?> later = thread.schedule(() -> run(work), millis, TimeUnit.MILLISECONDS);
      return () -> later.cancel(false);
    } catch (RejectedExecutionException e) {
      return () -> {};
    }
  }

  /**
   * Has {@code work} done and waits for it, at most {@code limit}; on the mailbox's own thread it
   * is done at once. Gives up waiting, not the work, when interrupted.
   */
  void ask(Duration limit, Runnable work) {
    if (Thread.currentThread() == self) {
      run(work);
      return;
    }
    try {
      thread.submit(() -> run(work)).get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (TimeoutException e) {
      log.debug("Not done within {}", limit);
    } catch (RejectedExecutionException | CancellationException e) {
      log.debug("Closed before it could be done", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("run() lets no exception out", e);
    }
  }

  /** Drops what is not yet done, interrupts what is being done, and takes nothing more. */
  void close() {
    thread.shutdownNow();
  }

  private static void run(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException | Error e) {
      log.error("A defect in the RabbitMQ transport", e);
    }
  }
}
