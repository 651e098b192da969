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
 * One thread that does what it is told in order, so that what belongs to it needs no lock. Its
 * owner bounds how much is in it.
 */
final class Mailbox {
  private static final Logger log = LoggerFactory.getLogger(Mailbox.class);

  /** How much is done before timers have their turn. */
  private static final int AT_ONCE = 1_000;

  private final ScheduledThreadPoolExecutor thread;

  /** What to do soon; the thread's own queue is a heap behind a lock, and dear for each message. */
  private final Queue<Runnable> soon = new ConcurrentLinkedQueue<>();

  /** Whether the thread has been told that there is something to do soon. */
  private final AtomicBoolean awake = new AtomicBoolean();

  private final Runnable waking = this::wake;
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
    return tell(work, false);
  }

  /**
   * As {@link #tell}, but the thread is not woken before {@linkplain GatheringSocket#whenRead all
   * is read}, for each message that the caller reads. In order with what is told otherwise.
   */
  boolean tellWhenRead(Runnable work) {
    return tell(work, true);
  }

  private boolean tell(Runnable work, boolean whenRead) {
    if (!isOpen()) {
      return false;
    }
    soon.add(work);
    if (whenRead) {
      GatheringSocket.whenRead(waking);
    } else {
      wake();
    }
    if (!isOpen()) {
      soon.clear(); // which the close may have done before
      return false;
    }
    return true;
  }

  /** Whether it does what it is told: until {@link #close}. From any thread. */
  boolean isOpen() {
    return !thread.isShutdown();
  }

  private void wake() {
    if (!awake.get() && awake.compareAndSet(false, true)) {
      try {
        thread.execute(this::doSome);
      } catch (RejectedExecutionException e) {
        log.debug("Closed; nothing more is done", e);
      }
    }
  }

  private void doSome() {
    for (int i = 0; i < AT_ONCE && !thread.isShutdown(); i++) {
      Runnable next = soon.poll();
      if (next == null) {
        break;
      }
      run(next);
    }
    awake.set(false);
    if (!soon.isEmpty()) {
      wake();
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
   *
   * @return whether it is done
   */
  boolean ask(Duration limit, Runnable work) {
    if (Thread.currentThread() == self) {
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

  /** Drops what is not yet done, interrupts what is being done, and takes nothing more. */
  void close() {
    thread.shutdownNow();
    soon.clear();
  }

  private static void run(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException | Error e) {
      log.error("A defect in the RabbitMQ transport", e);
    }
  }
}
