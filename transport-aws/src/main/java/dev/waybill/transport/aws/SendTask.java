package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** One message on its way to AWS: waits for its call, is sent, and has an answer in any case. */
final class SendTask implements Batcher.Entry {
  private final String what;
  private final OutgoingMessage message;
  private final long size;
  private final Object lane;
  private final Deadline deadline;
  private final Runnable after;
  private final Executor answering;
  private final CompletableFuture<String> answer = new CompletableFuture<>();
  private final AtomicBoolean answered = new AtomicBoolean();
  private boolean begun; // guarded by this
  private boolean abandoned; // guarded by this
  private @Nullable AwsFailure last; // guarded by this

  /**
   * A message to send.
   *
   * @param what the message in the text of errors: {@code The message m-1 to queue orders}
   * @param ordered whether its message group is a lane
   * @param after run at the end of the task, before whoever waits for the answer is told
   * @param answering where whoever waits for the answer is told
   */
  SendTask(
      String what,
      OutgoingMessage message,
      boolean ordered,
      Deadline deadline,
      Runnable after,
      Executor answering) {
    this.what = what;
    this.message = message;
    this.size = message.size();
    this.lane = ordered && message.groupId() != null ? message.groupId() : this;
    this.deadline = deadline;
    this.after = after;
    this.answering = answering;
  }

  @Override
  public Object lane() {
    return lane;
  }

  @Override
  public long size() {
    return size;
  }

  OutgoingMessage message() {
    return message;
  }

  CompletableFuture<String> answer() {
    return answer;
  }

  @Override
  public Duration remaining() {
    return deadline.remaining();
  }

  /** Whether it is to be sent now; if its time is over it is answered. */
  boolean begin() {
    if (deadline.hasPassed()) {
      AwsFailure before = last();
      fail(
          answering,
          before != null
              ? before.asSendException(what)
              : AwsFailure.rejected(
                  ErrorCode.TIMEOUT, what, "its turn did not come within the deadline", null));
      return false;
    }
    synchronized (this) {
      begun = !abandoned;
      return begun;
    }
  }

  /** It was not stored, for that reason, and waits to be sent once more. */
  synchronized void putBack(AwsFailure failure) {
    begun = false;
    last = failure;
  }

  private synchronized @Nullable AwsFailure last() {
    return last;
  }

  void sent(String id) {
    end(answering, () -> answer.complete(id));
  }

  @Override
  public void fail(AwsFailure failure) {
    fail(answering, failure.asSendException(what));
  }

  /** Ends the task without waiting for AWS, as the connection closes; tells on this thread. */
  void abandon() {
    boolean sent;
    synchronized (this) {
      abandoned = true;
      sent = begun;
    }
    fail(
        Runnable::run,
        sent
            ? AwsFailure.unknown(
                ErrorCode.CLOSED, what, "the connection was closed before the answer", null)
            : AwsFailure.rejected(
                ErrorCode.CLOSED, what, "the connection was closed before its turn", null));
  }

  private void fail(Executor executor, SendException e) {
    end(executor, () -> answer.completeExceptionally(e));
  }

  private void end(Executor executor, Runnable completion) {
    if (answered.compareAndSet(false, true)) {
      after.run();
      executor.execute(completion);
    }
  }
}
