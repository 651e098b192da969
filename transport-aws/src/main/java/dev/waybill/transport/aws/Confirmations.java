package dev.waybill.transport.aws;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads on which the answers that others see complete: whoever continues there and sends
 * again may have to wait for a place, which only the port's and the timer's threads make free.
 *
 * <p>Answers come by ten, and most are told in no time, so that one thread tells them all: to wake
 * another one for each would cost more than what is told. Where one has waited for a moment, since
 * whoever was told keeps the thread, another thread goes on with it.
 */
final class Confirmations implements Executor, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Confirmations.class);
  private static final int THREADS = 4;

  /** How long an answer waits until another thread tells it, and how often one looks. */
  private static final Duration MOMENT = Duration.ofMillis(5);

  private record Waiting(Runnable completion, Deadline until) {}

  private final Timer timer;
  private final Duration moment;
  private final ExecutorService threads;
  private final Queue<Waiting> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicInteger telling = new AtomicInteger(); // threads
  private final AtomicBoolean looking = new AtomicBoolean();
  private volatile boolean closed;

  /**
   * Threads of a name.
   *
   * @param timer closed before this is, or with it
   */
  Confirmations(String name, Timer timer) {
    this(name, timer, MOMENT);
  }

  /** With another moment, for tests. */
  Confirmations(String name, Timer timer, Duration moment) {
    this.threads = Threads.pool(name, THREADS);
    this.timer = timer;
    this.moment = moment;
  }

  /** Once closed, on the caller's thread: nobody is left without an answer. */
  @Override
  public void execute(Runnable completion) {
    if (closed) {
      completion.run();
      return;
    }
    waiting.add(new Waiting(completion, Deadline.in(moment)));
    if (telling.get() == 0) {
      beginToTell();
    } else {
      lookLater();
    }
    if (closed) {
      tell(); // whoever closed may not have seen it
    }
  }

  private void beginToTell() {
    if (telling.getAndUpdate(n -> Math.min(n + 1, THREADS)) == THREADS) {
      return; // each of them looks once more before it ends
    }
    try {
      threads.execute(this::tellAll);
    } catch (RejectedExecutionException e) {
      telling.decrementAndGet();
      tell();
    }
  }

  private void tellAll() {
    do {
      try {
        tell();
      } finally {
        telling.decrementAndGet();
      }
      // one may have come after the last look, of a sender who saw this thread still telling
    } while (!waiting.isEmpty() && telling.compareAndSet(0, 1));
  }

  private void tell() {
    for (Waiting next = waiting.poll(); next != null; next = waiting.poll()) {
      try {
        next.completion().run();
      } catch (Throwable bug) { // those behind it have to be told in any case
        log.error("An answer could not be told", bug);
      }
    }
  }

  private void lookLater() {
    if (looking.compareAndSet(false, true)) {
      timer.after(moment, this::look);
    }
  }

  private void look() {
    looking.set(false);
    Waiting first = waiting.peek();
    if (first == null) {
      return;
    }
    if (first.until().hasPassed()) {
      beginToTell();
    }
    lookLater();
  }

  @Override
  public void close() {
    closed = true;
    if (!waiting.isEmpty()) {
      beginToTell(); // as the timer is closed, too
    }
    threads.shutdown();
  }

  boolean awaitTermination(Deadline deadline) {
    return Threads.awaitTermination(threads, deadline);
  }
}
