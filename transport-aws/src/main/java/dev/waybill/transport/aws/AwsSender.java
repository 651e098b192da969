package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Source;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Sender;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Sends each message with a call of its own, several at a time; those of one message group one
 * after another. The caller waits only while {@value #MAX_WAITING} messages have no answer yet.
 */
final class AwsSender implements Sender {
  private static final int THREADS = 16;
  private static final int MAX_WAITING = 256;

  private final AwsPort port;
  private final Addresses addresses;
  private final ExecutorService threads = Threads.pool("send", THREADS);
  private final Lanes lanes = new Lanes(threads);
  private final Semaphore places = new Semaphore(MAX_WAITING, true);
  private final Set<SendTask> open = ConcurrentHashMap.newKeySet();
  private final CountDownLatch closing = new CountDownLatch(1);

  AwsSender(AwsPort port, Addresses addresses) {
    this.port = port;
    this.addresses = addresses;
  }

  private record Lane(Channel channel, String groupId) {}

  @Override
  public CompletableFuture<String> send(Channel channel, WireMessage message, Duration deadline) {
    Deadline until = Deadline.in(deadline);
    String what = "The message " + message.id() + " to " + channel;
    SendException refusal = refusal(channel, message, what);
    if (refusal != null) {
      return CompletableFuture.failedFuture(refusal);
    }
    if (!WireFormat.hasWritableNames(message)) {
      return rejected(
          ErrorCode.INVALID_MESSAGE, what, "the name of a header has half of a surrogate pair");
    }
    OutgoingMessage outgoing = WireFormat.write(message, channel.keyed());
    if (outgoing.size() > Limits.MAX_MESSAGE_BYTES) {
      return rejected(
          ErrorCode.TOO_LARGE,
          what,
          ("with its attributes it has %d bytes as AWS counts, and %d are allowed; store large"
                  + " bodies elsewhere and send where they are")
              .formatted(outgoing.size(), Limits.MAX_MESSAGE_BYTES));
    }
    if (!hasPlace(until)) {
      return rejected(
          ErrorCode.TIMEOUT, what, MAX_WAITING + " messages before it had no answer yet");
    }
    return start(
        new SendTask(
            what, timeout -> call(channel, outgoing, timeout), until, closing, this::ended),
        channel,
        message.key() == null ? null : outgoing.groupId());
  }

  @Override
  public boolean flush(Duration deadline) {
    CompletableFuture<?>[] answers =
        open.stream().map(SendTask::answer).toArray(CompletableFuture<?>[]::new);
    try {
      CompletableFuture.allOf(answers).get(deadline.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (ExecutionException e) {
      return true; // a failure is an answer, and its sender has it
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Gives every open message its answer; calls under way end with the port's clients. */
  void close() {
    closing.countDown();
    open.forEach(SendTask::abandon);
    threads.shutdownNow();
  }

  boolean awaitTermination(Deadline deadline) {
    return Threads.awaitTermination(threads, deadline);
  }

  private CompletableFuture<String> start(
      SendTask task, Channel channel, @Nullable String groupId) {
    open.add(task);
    try {
      lanes.execute(groupId == null ? task : new Lane(channel, groupId), task);
    } catch (RejectedExecutionException e) {
      task.abandon();
    }
    if (isClosed()) {
      task.abandon();
    }
    return task.answer();
  }

  private void ended(SendTask task) {
    open.remove(task);
    places.release();
  }

  private String call(Channel channel, OutgoingMessage message, Duration timeout) {
    Deadline deadline = Deadline.in(timeout);
    try {
      if (channel instanceof Source queue) {
        return port.send(addresses.queueUrl(queue, timeout), message, deadline.remaining());
      }
      return port.publish(
          addresses.topicArn((Topic) channel, timeout), message, deadline.remaining());
    } catch (AwsFailure e) {
      if (e.code() == ErrorCode.NOT_FOUND) {
        forget(channel);
      }
      throw e;
    }
  }

  private void forget(Channel channel) {
    if (channel instanceof Source queue) {
      addresses.forget(queue);
    } else {
      addresses.forget((Topic) channel);
    }
  }

  private @Nullable SendException refusal(Channel channel, WireMessage message, String what) {
    if (isClosed()) {
      return AwsFailure.rejected(ErrorCode.CLOSED, what, "the connection is closed", null);
    }
    Duration delay = message.delay();
    if (delay == null) {
      return null;
    }
    if (channel instanceof Topic || channel.keyed()) {
      return AwsFailure.rejected(
          ErrorCode.UNSUPPORTED,
          what,
          channel.keyed() ? Limits.NO_DELAY_ON_FIFO : Limits.NO_DELAY_ON_TOPICS,
          null);
    }
    return delay.compareTo(Limits.MAX_DELAY) <= 0
        ? null
        : AwsFailure.rejected(
            ErrorCode.UNSUPPORTED,
            what,
            "SQS delays up to %s, not %s".formatted(Limits.MAX_DELAY, delay),
            null);
  }

  private boolean hasPlace(Deadline until) {
    try {
      return places.tryAcquire(until.remainingNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private boolean isClosed() {
    return closing.getCount() == 0;
  }

  private static CompletableFuture<String> rejected(ErrorCode code, String what, String reason) {
    return CompletableFuture.failedFuture(AwsFailure.rejected(code, what, reason, null));
  }
}
