package dev.waybill.transport.rabbitmq;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does what it is told in order, one thing at a time, so that what belongs to it needs no lock: on
 * a thread of its own, but for {@link #doNow}. Its owner bounds how much is in it.
 */
final class Mailbox {
  private static final Logger log = LoggerFactory.getLogger(Mailbox.class);

  /** How much is done before timers have their turn. */
  private static final int AT_ONCE = 1_000;

  private final ScheduledThreadPoolExecutor thread;

  /** What to do soon; the thread's own queue is a heap behind a lock, and dear for each message. */
  private final Queue<Runnable> soon = new ConcurrentLinkedQueue<>();

  /** Whether somebody does something, or the thread has been told to. */
  private final AtomicBoolean busy = new AtomicBoolean();

  /** Who does something at this moment. */
  private volatile @Nullable Thread doing;

  Mailbox(RabbitThreads threads, String name) {
    thread = new ScheduledThreadPoolExecutor(1, threads.named(name));
    thread.setRemoveOnCancelPolicy(true);
  }

  /** Has {@code work} done soon; returns whether it will be: not after {@link #close}. */
  boolean tell(Runnable work) {
    if (!isOpen()) {
      return false;
    }
    soon.add(work);
    wake();
    if (!isOpen()) {
      soon.clear(); // which the close may have done before
      return false;
    }
    return true;
  }

  /**
   * As {@link #tell}, but {@code work} is done by the caller if nothing else is being done or is
   * still to be: to wake another thread costs more than the work of a message.
   *
   * @param work must not block
   */
  void doNow(Runnable work) {
    if (isOpen() && soon.isEmpty() && busy.compareAndSet(false, true)) {
      try {
        doing(work);
      } finally {
        done();
      }
    } else {
      var unused = tell(work);
    }
  }

  /** Whether it does what it is told: until {@link #close}. From any thread. */
  boolean isOpen() {
    return !thread.isShutdown();
  }

  private void wake() {
    if (!busy.get() && busy.compareAndSet(false, true)) {
      try {
        thread.execute(this::doSome);
      } catch (RejectedExecutionException e) {
        log.debug("Closed; nothing more is done", e);
      }
    }
  }

  private void doSome() {
    try {
      for (int i = 0; i < AT_ONCE && !thread.isShutdown(); i++) {
        Runnable next = soon.poll();
        if (next == null) {
          break;
        }
        doing(next);
      }
    } finally {
      done();
    }
  }

  private void done() {
    busy.set(false);
    if (!soon.isEmpty()) {
      wake();
    }
  }

  private void doing(Runnable work) {
    doing = Thread.currentThread();
    try {
      run(work);
    } finally {
      doing = null;
    }
  }

  /**
   * Has {@code work} done later; nothing happens if closed before.
   *
   * @return calls it off
   */
  Runnable tellLater(long millis, Runnable work) {
    try {
      Future<?> later = thread.schedule(() -> tell(work), millis, TimeUnit.MILLISECONDS);
      return () -> later.cancel(false);
    } catch (RejectedExecutionException e) {
      return () -> {};
    }
  }

  /**
   * Has {@code work} done and waits for it, at most {@code limit}; within what is being done, at
   * once. Gives up waiting, not the work, when interrupted.
   *
   * @return whether it is done
   */
  boolean ask(Duration limit, Runnable work) {
    if (Thread.currentThread() == doing) {
      run(work);
      return true;
    }
    CountDownLatch done = new CountDownLatch(1);
    boolean taken =
        tell(
            () -> {
              run(work);
              done.countDown();
            });
    try {
      if (taken && !done.await(limit.toNanos(), TimeUnit.NANOSECONDS)) {
        log.debug("Not done within {}", limit);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return done.getCount() == 0;
  }

  /** Drops what is not yet done, interrupts what its own thread does, and takes nothing more. */
  void close() {
    thread.shutdownNow();
    soon.clear();
  }

  /** So that a defect in one thing keeps nothing else from being done. */
  static void run(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException | Error e) {
      log.error("A defect in the RabbitMQ transport", e);
    }
  }
}
