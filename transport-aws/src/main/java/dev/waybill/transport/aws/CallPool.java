package dev.waybill.transport.aws;

import dev.waybill.transport.aws.AwsFailure.Fate;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Threads that make a port's calls, so that whoever asks for one is not kept, and the calls that
 * have no answer yet: at the close they fail, and by their deadlines where there is a timer.
 */
final class CallPool implements AutoCloseable {
  private final ExecutorService threads;
  private final Function<Throwable, AwsFailure> translation;
  private final @Nullable Timer timer;
  private final Set<Call<?>> open = ConcurrentHashMap.newKeySet();

  /** When the timer looks at the open calls next; null if it does not. Guarded by this. */
  private @Nullable Deadline look;

  private volatile boolean closed;

  /** Of calls that end by their deadlines themselves. */
  CallPool(ExecutorService threads, Function<Throwable, AwsFailure> translation) {
    this(threads, translation, null);
  }

  /** Of calls that are ended at their deadlines, within milliseconds, once they have begun. */
  CallPool(
      ExecutorService threads, Function<Throwable, AwsFailure> translation, @Nullable Timer timer) {
    this.threads = threads;
    this.translation = translation;
    this.timer = timer;
  }

  /** Makes a call that blocks, unless no thread is free for it by the deadline. */
  <T> CompletableFuture<T> call(Deadline until, Supplier<T> call) {
    return begin(until, () -> CompletableFuture.completedFuture(call.get()), late -> {});
  }

  /**
   * Begins a call, which may block for a moment, and has its answer later; unless no thread is free
   * for it by the deadline.
   *
   * @param late has an answer that comes after the end
   */
  <T> CompletableFuture<T> begin(
      Deadline until, Supplier<CompletableFuture<T>> begin, Consumer<T> late) {
    Call<T> call = new Call<>(until, begin, late);
    open.add(call);
    try {
      threads.execute(call);
    } catch (RejectedExecutionException e) {
      call.fail(AwsErrors.closed(Fate.NOT_EXECUTED));
    }
    if (closed) {
      call.fail(AwsErrors.closed(Fate.UNKNOWN)); // whoever closed may not have seen it
    }
    return call.answer;
  }

  /** Cuts off the calls, and those to come; leaves the threads, which others may share. */
  void end() {
    closed = true;
    open.forEach(call -> call.fail(AwsErrors.closed(Fate.UNKNOWN)));
  }

  /** The same, and the threads end with their calls. */
  void endThreads() {
    end();
    threads.shutdown();
  }

  @Override
  public void close() {
    closed = true;
    threads.shutdownNow();
    end();
  }

  boolean awaitTermination(Deadline deadline) {
    return Threads.awaitTermination(threads, deadline);
  }

  /**
   * Has the timer look when the first of the open calls is late: a time of its own for each would
   * cost more than all else that is done for a call.
   */
  private void watch(Deadline until) {
    Timer looking = timer;
    if (looking == null) {
      return;
    }
    synchronized (this) {
      if (look != null && !look.isAfter(until)) {
        return;
      }
      look = until;
    }
    try {
      looking.after(until.remaining(), () -> look(until));
    } catch (Throwable e) { // such as no thread, without which nobody would look again
      synchronized (this) {
        look = look == until ? null : look;
      }
      throw e;
    }
  }

  private void look(Deadline now) {
    synchronized (this) {
      if (look != now) {
        return; // there is one that was earlier
      }
      look = null;
    }
    Deadline next = null;
    for (Call<?> call : open) {
      CompletableFuture<?> made = call.made;
      if (made == null) {
        continue; // it is watched once it is begun
      }
      if (call.until.hasPassed()) { // an answer that is there just now is one, and not late
        made.completeExceptionally(AwsErrors.noAnswerInTime(new TimeoutException()));
      } else {
        next = next == null ? call.until : next.orEarlier(call.until);
      }
    }
    if (next != null) {
      watch(next);
    }
  }

  private final class Call<T> implements Runnable {
    private final Deadline until;
    private final Supplier<CompletableFuture<T>> begin;
    private final Consumer<T> late;
    private final CompletableFuture<T> answer = new CompletableFuture<>();
    private volatile @Nullable CompletableFuture<T> made;

    Call(Deadline until, Supplier<CompletableFuture<T>> begin, Consumer<T> late) {
      this.until = until;
      this.begin = begin;
      this.late = late;
    }

    @Override
    public void run() {
      if (answer.isDone()) {
        return;
      }
      if (until.hasPassed()) { // nobody waits for it any more, or it would be another's message
        fail(AwsErrors.notBegun());
        return;
      }
      try {
        CompletableFuture<T> begun = begin.get();
        made = begun;
        if (!begun.isDone()) {
          watch(until);
        }
        var unused = begun.whenComplete(this::over);
        if (answer.isDone()) {
          begun.cancel(true); // whoever closed may not have seen it
        }
      } catch (Throwable e) { // an Error, too, must leave nobody without an answer
        fail(translation.apply(e));
      }
    }

    private void over(T value, @Nullable Throwable failure) {
      if (failure == null) {
        open.remove(this);
        if (!answer.complete(value)) {
          late.accept(value);
        }
      } else {
        fail(translation.apply(failure));
      }
    }

    /** Ends the call, too, if it has not ended. */
    void fail(AwsFailure failure) {
      open.remove(this);
      answer.completeExceptionally(failure);
      CompletableFuture<T> begun = made;
      if (begun != null) {
        begun.cancel(true);
      }
    }
  }
}
