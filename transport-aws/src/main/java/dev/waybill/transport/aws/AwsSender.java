package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.transport.Sender;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Checks messages, and puts each into the outbox of its channel. The caller waits only while
 * {@value #MAX_WAITING} messages to the same channel, or replies to whomever, have no answer yet:
 * one that is not answered keeps no other waiting.
 */
final class AwsSender implements Sender {
  private static final int MAX_WAITING = 1_000;

  private final AwsPort port;
  private final Addresses addresses;
  private final Timer timer;
  private final Confirmations confirmations;
  private final Duration linger;
  private final Map<Channel, Outbox> outboxes = new ConcurrentHashMap<>();
  private final Map<Channel, Outbox> replyOutboxes =
      Collections.synchronizedMap(LastUsed.replyQueues());
  private final Map<Channel, Semaphore> places = new ConcurrentHashMap<>();
  private final Semaphore replyPlaces = new Semaphore(MAX_WAITING, true);
  private final Set<SendTask> open = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  AwsSender(
      AwsPort port,
      Addresses addresses,
      Timer timer,
      Confirmations confirmations,
      Duration linger) {
    this.port = port;
    this.addresses = addresses;
    this.timer = timer;
    this.confirmations = confirmations;
    this.linger = linger;
  }

  @Override
  public CompletableFuture<String> send(Channel channel, WireMessage message, Duration deadline) {
    Deadline until = Deadline.in(deadline);
    String what = "The message " + message.id() + " to " + channel;
    SendException refusal = refusal(channel, message, what);
    if (refusal != null) {
      return CompletableFuture.failedFuture(refusal);
    }
    OutgoingMessage outgoing = WireFormat.write(message, channel);
    if (outgoing.size() > Limits.MAX_MESSAGE_BYTES) {
      return rejected(
          ErrorCode.TOO_LARGE,
          what,
          ("with its attributes it has %d bytes as AWS counts, and %d are allowed; store large"
                  + " bodies elsewhere and send where they are")
              .formatted(outgoing.size(), Limits.MAX_MESSAGE_BYTES));
    }
    Semaphore places = places(channel);
    if (!hasPlace(places, until)) {
      return rejected(
          ErrorCode.TIMEOUT, what, MAX_WAITING + " messages before it had no answer yet");
    }
    return start(
        channel,
        new SendTask(what, outgoing, message.key() != null, until, places::release, confirmations));
  }

  /**
   * Sends what is ready to go to a channel; takes no place, and so never blocks. Completes on a
   * thread of the port's or of the timer's.
   */
  CompletableFuture<String> forward(Channel channel, OutgoingMessage message, Duration deadline) {
    return start(
        channel,
        new SendTask(
            "A copy to " + channel,
            message,
            false,
            Deadline.in(deadline),
            () -> {},
            Runnable::run));
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
    closed = true;
    open.forEach(SendTask::abandon);
  }

  private CompletableFuture<String> start(Channel channel, SendTask task) {
    open.add(task);
    var unused = task.answer().whenComplete((id, e) -> open.remove(task));
    outbox(channel).add(task);
    if (closed) {
      task.abandon(); // whoever closed may not have seen it
    }
    return task.answer();
  }

  private Outbox outbox(Channel channel) {
    return (channel instanceof ReplyQueue ? replyOutboxes : outboxes)
        .computeIfAbsent(channel, to -> new Outbox(port, addresses, to, timer, linger));
  }

  private @Nullable SendException refusal(Channel channel, WireMessage message, String what) {
    if (closed) {
      return AwsFailure.rejected(ErrorCode.CLOSED, what, "the connection is closed", null);
    }
    if (message.delay() != null && channel.keyed()) {
      return AwsFailure.rejected(ErrorCode.UNSUPPORTED, what, Limits.NO_DELAY_ON_FIFO, null);
    }
    return WireFormat.hasWritableNames(message)
        ? null
        : AwsFailure.rejected(
            ErrorCode.INVALID_MESSAGE,
            what,
            "the name of a header has half of a surrogate pair",
            null);
  }

  private Semaphore places(Channel channel) {
    return channel instanceof ReplyQueue
        ? replyPlaces
        : places.computeIfAbsent(channel, to -> new Semaphore(MAX_WAITING, true));
  }

  private static boolean hasPlace(Semaphore places, Deadline until) {
    try {
      return places.tryAcquire(until.remainingNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static CompletableFuture<String> rejected(ErrorCode code, String what, String reason) {
    return CompletableFuture.failedFuture(AwsFailure.rejected(code, what, reason, null));
  }
}
