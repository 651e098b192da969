package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/** Publishes what is to wait, once its queues are there. Thread-safe. */
final class DelayedSends {
  /** Publishes; {@code leave} is run once the message takes up no room any more, failed or not. */
  interface Publishing {
    CompletableFuture<String> publish(
        PendingSend.Target target,
        BasicProperties properties,
        byte[] body,
        Duration deadline,
        Runnable leave);
  }

  private final Delays delays;
  private final Publishing publishing;

  /** Those without an answer. */
  private final Set<Held> waiting = ConcurrentHashMap.newKeySet();

  private volatile boolean closed;

  /** A message whose queues may have to be made first. */
  private static final class Held {
    final PendingSend.Target entry;
    final BasicProperties properties;
    final byte[] body;
    final Runnable leave;
    final CompletableFuture<String> answer = new CompletableFuture<>();
    private final AtomicBoolean taken = new AtomicBoolean();

    Held(PendingSend.Target entry, BasicProperties properties, byte[] body, Runnable leave) {
      this.entry = entry;
      this.properties = properties;
      this.body = body;
      this.leave = leave;
    }

    /** Whether it is the caller's to publish, or to end unpublished: the first one's. */
    boolean take() {
      return taken.compareAndSet(false, true);
    }
  }

  DelayedSends(Delays delays, Publishing publishing) {
    this.delays = delays;
    this.publishing = publishing;
  }

  /**
   * Publishes a message so that {@code target} gets it after {@code delay}; never blocks.
   *
   * @throws SendException rejected, if the delay is too long
   */
  CompletableFuture<String> send(
      PendingSend.Target target,
      BasicProperties properties,
      byte[] body,
      Duration delay,
      Duration deadline,
      Runnable leave) {
    Duration longest = delays.settings().longest();
    if (delay.compareTo(longest) > 0) {
      leave.run();
      throw SendException.rejected(
          ErrorCode.UNSUPPORTED,
          "A message to %s can't be delayed by %s: RabbitMQ delays at most %s."
              .formatted(target, delay, longest),
          null);
    }
    DelayLevels levels = delays.levels();
    PendingSend.Target entry = levels.waitingFor(target);
    BasicProperties routed = levels.route(properties, delay, target);
    CompletableFuture<Void> ready = delays.ready(target);
    Held held = new Held(entry, routed, body, leave);
    waiting.add(held);
    if (ready.isDone() && !ready.isCompletedExceptionally()) {
      publish(held, deadline);
      return held.answer;
    }
    long end = System.nanoTime() + deadline.toNanos();
    var unused =
        ready
            .copy()
            .orTimeout(deadline.toNanos(), TimeUnit.NANOSECONDS)
            .whenComplete(
                (done, failure) -> {
                  if (failure != null || closed) {
                    leave.run();
                    endUnpublished(
                        held, closed ? RabbitErrors.closedBeforeSend() : rejected(failure));
                  } else {
                    publish(held, Duration.ofNanos(Math.max(end - System.nanoTime(), 1)));
                  }
                });
    return held.answer;
  }

  /** Where a message for {@code target} is published to when it is to wait. */
  PendingSend.Target entry(PendingSend.Target target) {
    return delays.levels().waitingFor(target);
  }

  /** The answers that are still to come. */
  Stream<CompletableFuture<String>> waiting() {
    return waiting.stream().map(held -> held.answer);
  }

  /** From now on nothing is published. */
  void close() {
    closed = true;
    waiting.forEach(held -> endUnpublished(held, RabbitErrors.closedBeforeSend()));
  }

  /** If it is closed meanwhile, the publisher knows whether the message was written. */
  private void publish(Held held, Duration deadline) {
    if (!held.take()) { // by the close, which has told so
      held.leave.run();
      return;
    }
    CompletableFuture<String> stored;
    try {
      stored = publishing.publish(held.entry, held.properties, held.body, deadline, held.leave);
    } catch (SendException e) {
      end(held, e);
      return;
    }
    var unused =
        stored.whenComplete(
            (receipt, error) -> {
              if (error == null) {
                waiting.remove(held);
                held.answer.complete(receipt);
                return;
              }
              if (error instanceof SendException send
                  && (send.code() == ErrorCode.NOT_FOUND || send.code() == ErrorCode.UNROUTABLE)) {
                delays.forget();
              }
              end(held, error);
            });
  }

  private void endUnpublished(Held held, SendException error) {
    if (held.take()) {
      end(held, error);
    }
  }

  private void end(Held held, Throwable error) {
    waiting.remove(held);
    held.answer.completeExceptionally(error);
  }

  private static SendException rejected(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    if (cause instanceof TimeoutException) {
      return SendException.rejected(
          ErrorCode.TIMEOUT,
          "RabbitMQ did not set up the queues for delayed messages in time; nothing was sent.",
          cause);
    }
    ErrorCode code =
        cause instanceof MessagingException problem ? problem.code() : ErrorCode.BROKER_ERROR;
    return SendException.rejected(
        code, "The message can't be delayed, and was not sent: " + cause.getMessage(), cause);
  }
}
