package dev.waybill.transport.inmemory;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.transport.Sender;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * Stores messages at once, on the caller's thread; so every answer is there when {@link #send}
 * returns, unless {@link Faults} hold it.
 */
final class MemorySender implements Sender {
  private final InMemoryBroker broker;
  private final InMemoryTransport transport;
  private final Set<CompletableFuture<?>> unanswered = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /** A sender of a transport's connection. */
  MemorySender(InMemoryTransport transport) {
    this.broker = transport.broker();
    this.transport = transport;
  }

  @Override
  public CompletableFuture<String> send(Channel channel, WireMessage message, Duration deadline) {
    return send(channel, () -> stored(channel, message));
  }

  private CompletableFuture<String> stored(Channel channel, WireMessage message) {
    try {
      return CompletableFuture.completedFuture(check(channel, message).store(message));
    } catch (SendException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public CompletableFuture<List<String>> sendTogether(List<Addressed> messages, Duration deadline) {
    return send(messages.stream().map(Addressed::channel).toList(), () -> stored(messages));
  }

  private CompletableFuture<List<String>> stored(List<Addressed> messages) {
    try {
      List<Ready> ready = messages.stream().map(this::ready).toList();
      return CompletableFuture.completedFuture(ready.stream().map(Ready::store).toList());
    } catch (SendException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /**
   * Messages that can be stored for certain, but for those to reply queues that are gone.
   *
   * @throws SendException if one of the others can't be stored
   */
  List<Ready> readyWithoutLostReplies(List<Addressed> messages) {
    return messages.stream().filter(each -> !isLostReply(each.channel())).map(this::ready).toList();
  }

  private boolean isLostReply(Channel channel) {
    return channel instanceof ReplyQueue && broker.destination(channel) == null;
  }

  private Ready ready(Addressed one) {
    return new Ready(check(one.channel(), one.message()), one.message());
  }

  /** A message that can be stored. */
  record Ready(Destination destination, WireMessage message) {
    String store() {
      return destination.store(message);
    }
  }

  @Override
  public CompletableFuture<Boolean> cancel(Channel channel, String brokerId, Duration deadline) {
    if (closed) {
      return CompletableFuture.failedFuture(closed());
    }
    return answered(
        broker
            .faults()
            .ask(
                channel,
                () -> {
                  Destination destination = broker.destination(channel);
                  return CompletableFuture.completedFuture(
                      destination != null && destination.cancel(brokerId));
                }));
  }

  @Override
  public boolean flush(Duration deadline) {
    CompletableFuture<?> all =
        CompletableFuture.allOf(unanswered.toArray(CompletableFuture[]::new));
    try {
      all.get(deadline.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (ExecutionException e) {
      return true; // a failure is an answer
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Rejects what is sent from now on; what has no answer is unknown. */
  void close() {
    closed = true;
    unanswered.forEach(answer -> answer.completeExceptionally(closedBeforeTheAnswer()));
  }

  private <T> CompletableFuture<T> send(Object where, Supplier<CompletionStage<T>> store) {
    return closed
        ? CompletableFuture.failedFuture(closed())
        : answered(broker.faults().send(where, store));
  }

  private <T> CompletableFuture<T> answered(CompletionStage<T> stage) {
    CompletableFuture<T> answer = stage.toCompletableFuture();
    if (!answer.isDone()) {
      unanswered.add(answer);
      var unused =
          answer.whenComplete((value, failure) -> unanswered.removeIf(each -> each == answer));
      if (closed) {
        answer.completeExceptionally(closedBeforeTheAnswer());
      }
    }
    return answer;
  }

  /** Where a message would go; throws if it can't be stored there. */
  private Destination check(Channel channel, WireMessage message) {
    transport.conduct(channel.keyed()).check(channel, message);
    Destination destination = broker.destination(channel);
    if (destination == null) {
      throw rejected(ErrorCode.NOT_FOUND, missing(channel));
    }
    return destination;
  }

  private static SendException closed() {
    return rejected(ErrorCode.CLOSED, "The connection to the in-memory broker is closed.");
  }

  private static SendException closedBeforeTheAnswer() {
    return SendException.unknown(
        ErrorCode.CLOSED,
        "The connection to the in-memory broker was closed before it answered.",
        null);
  }

  private static String missing(Channel channel) {
    return channel instanceof ReplyQueue
        ? "The in-memory broker has no %s: the bus that requested is closed.".formatted(channel)
        : "The in-memory broker has no %s: prepare it with topology CREATE.".formatted(channel);
  }

  private static SendException rejected(ErrorCode code, String message) {
    return SendException.rejected(code, message, null);
  }
}
