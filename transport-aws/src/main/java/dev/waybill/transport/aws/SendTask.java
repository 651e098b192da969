package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** One message on its way to AWS: waits in its lane, is sent, and has an answer in any case. */
final class SendTask implements Runnable {
  /** The native call; blocks for at most the given time. */
  interface Call {
    String send(Duration timeout);
  }

  private final String what;
  private final Call call;
  private final Deadline deadline;
  private final CountDownLatch closing;
  private final Consumer<SendTask> after;
  private final CompletableFuture<String> answer = new CompletableFuture<>();
  private final AtomicBoolean answered = new AtomicBoolean();
  private boolean begun; // guarded by this
  private boolean abandoned; // guarded by this

  /**
   * A message to send.
   *
   * @param what the message in the text of errors: {@code The message m-1 to queue orders}
   * @param closing released when the connection closes
   * @param after told of the end of the task, before whoever waits for the answer
   */
  SendTask(
      String what, Call call, Deadline deadline, CountDownLatch closing, Consumer<SendTask> after) {
    this.what = what;
    this.call = call;
    this.deadline = deadline;
    this.closing = closing;
    this.after = after;
  }

  CompletableFuture<String> answer() {
    return answer;
  }

  @Override
  public void run() {
    if (!begin()) {
      return;
    }
    try {
      String id = sendUntilDeadline();
      end(() -> answer.complete(id));
    } catch (AwsFailure e) {
      fail(e.asSendException(what));
    } catch (SendException e) {
      fail(e);
    } catch (RuntimeException e) {
      fail(AwsFailure.unknown(ErrorCode.BROKER_ERROR, what, e.toString(), e));
    }
  }

  /** Ends the task without waiting for AWS, as the connection closes. */
  void abandon() {
    boolean sent;
    synchronized (this) {
      abandoned = true;
      sent = begun;
    }
    fail(
        sent
            ? AwsFailure.unknown(
                ErrorCode.CLOSED, what, "the connection was closed before the answer", null)
            : AwsFailure.rejected(
                ErrorCode.CLOSED, what, "the connection was closed before its turn", null));
  }

  private void fail(SendException e) {
    end(() -> answer.completeExceptionally(e));
  }

  private void end(Runnable completion) {
    if (answered.compareAndSet(false, true)) {
      after.accept(this);
      completion.run();
    }
  }

  private synchronized boolean begin() {
    begun = !abandoned;
    return begun;
  }

  /** Repeats what was throttled, as that did nothing; never anything else. */
  private String sendUntilDeadline() {
    Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(2));
    while (true) {
      if (deadline.hasPassed()) {
        throw AwsFailure.rejected(
            ErrorCode.TIMEOUT, what, "its turn did not come within the deadline", null);
      }
      try {
        return call.send(deadline.remaining());
      } catch (AwsFailure e) {
        Duration pause = backoff.next();
        if (!e.isThrottling() || pause.compareTo(deadline.remaining()) >= 0 || !pause(pause)) {
          throw e;
        }
      }
    }
  }

  /** Whether the pause ran its length; it ends early when the connection closes. */
  private boolean pause(Duration pause) {
    try {
      return !closing.await(pause.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
