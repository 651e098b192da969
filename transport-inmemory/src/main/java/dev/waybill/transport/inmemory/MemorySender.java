package dev.waybill.transport.inmemory;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.transport.Sender;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Stores messages at once, on the caller's thread; so every answer is there when {@link #send}
 * returns.
 */
final class MemorySender implements Sender {
  private final InMemoryBroker broker;
  private final long maxBodyBytes;
  private volatile boolean closed;

  /** A sender that refuses bodies of more than {@code maxBodyBytes}. */
  MemorySender(InMemoryBroker broker, long maxBodyBytes) {
    this.broker = broker;
    this.maxBodyBytes = maxBodyBytes;
  }

  @Override
  public CompletableFuture<String> send(Channel channel, WireMessage message, Duration deadline) {
    return answer(() -> check(channel, message).store(message));
  }

  @Override
  public CompletableFuture<List<String>> sendTogether(List<Addressed> messages, Duration deadline) {
    return answer(
        () -> {
          List<Destination> destinations = new ArrayList<>();
          for (Addressed each : messages) {
            destinations.add(check(each.channel(), each.message()));
          }
          List<String> brokerIds = new ArrayList<>();
          for (int i = 0; i < messages.size(); i++) {
            brokerIds.add(destinations.get(i).store(messages.get(i).message()));
          }
          return List.copyOf(brokerIds);
        });
  }

  @Override
  public CompletableFuture<Boolean> cancel(Channel channel, String brokerId, Duration deadline) {
    return answer(
        () -> {
          requireOpen();
          Destination destination = broker.destination(channel);
          return destination != null && destination.cancel(brokerId);
        });
  }

  @Override
  public boolean flush(Duration deadline) {
    return true;
  }

  /** Rejects what is sent from now on. */
  void close() {
    closed = true;
  }

  private static <T> CompletableFuture<T> answer(Supplier<T> action) {
    try {
      return CompletableFuture.completedFuture(action.get());
    } catch (SendException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** Where a message would go; throws if it can't be stored there. */
  private Destination check(Channel channel, WireMessage message) {
    requireOpen();
    if (message.body().length > maxBodyBytes) {
      throw rejected(
          ErrorCode.TOO_LARGE,
          "The body has %d bytes, %s takes %d at most: send less, or raise the transport's maxBodyBytes."
              .formatted(message.body().length, channel, maxBodyBytes));
    }
    Destination destination = broker.destination(channel);
    if (destination == null) {
      throw rejected(ErrorCode.NOT_FOUND, missing(channel));
    }
    return destination;
  }

  private void requireOpen() {
    if (closed) {
      throw rejected(ErrorCode.CLOSED, "The connection to the in-memory broker is closed.");
    }
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
