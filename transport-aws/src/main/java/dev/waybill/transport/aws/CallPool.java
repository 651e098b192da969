package dev.waybill.transport.aws;

import dev.waybill.transport.aws.AwsFailure.Fate;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Threads that make a port's calls, so that whoever asks for one is not kept, and the calls that
 * have no answer yet: at the close they fail.
 *
 * <p>A call that is begun by what another one's answer brings about is made by the same thread, as
 * soon as that is done, unless others wait for a thread: to wake one costs as much as a message or
 * two.
 */
final class CallPool implements AutoCloseable {
  /** Whose answer a thread is telling. */
  private static final ThreadLocal<Call<?>> ENDING = new ThreadLocal<>();

  private final ThreadPoolExecutor threads;
  private final Function<Throwable, AwsFailure> translation;
  private final Set<Call<?>> open = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  CallPool(ThreadPoolExecutor threads, Function<Throwable, AwsFailure> translation) {
    this.threads = threads;
    this.translation = translation;
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
    Call<?> before = ENDING.get();
    if (before != null
        && before.isOf(this)
        && before.next == null
        && threads.getQueue().isEmpty()
        && !closed) {
      before.next = call;
    } else {
      execute(call);
    }
    if (closed) {
      call.fail(AwsErrors.closed(Fate.UNKNOWN)); // whoever closed may not have seen it
    }
    return call.answer;
  }

  private void execute(Call<?> first) {
    try {
      threads.execute(
          () -> {
            for (Call<?> call = first; call != null; call = call.next) {
              call.run();
            }
          });
    } catch (RejectedExecutionException e) {
      first.fail(AwsErrors.closed(Fate.NOT_EXECUTED));
    }
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

  private final class Call<T> {
    private final Deadline until;
    private final Supplier<CompletableFuture<T>> begin;
    private final Consumer<T> late;
    private final CompletableFuture<T> answer = new CompletableFuture<>();
    private volatile @Nullable CompletableFuture<T> made;
    private @Nullable Call<?> next; // which its thread makes after it

    Call(Deadline until, Supplier<CompletableFuture<T>> begin, Consumer<T> late) {
      this.until = until;
      this.begin = begin;
      this.late = late;
    }

    boolean isOf(CallPool pool) {
      return pool == CallPool.this;
    }

    void run() {
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
        ENDING.set(this);
        var unused = begun.whenComplete(this::over);
        if (answer.isDone()) {
          begun.cancel(true); // whoever closed may not have seen it
        }
      } catch (Throwable e) { // an Error, too, must leave nobody without an answer
        fail(translation.apply(e));
      } finally {
        ENDING.remove();
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
