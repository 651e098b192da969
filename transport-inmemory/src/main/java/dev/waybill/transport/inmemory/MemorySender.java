package dev.waybill.transport.inmemory;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.transport.Sender;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

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
    if (closed) {
      return rejected(ErrorCode.CLOSED, "The connection to the in-memory broker is closed.");
    }
    if (message.body().length > maxBodyBytes) {
      return rejected(
          ErrorCode.TOO_LARGE,
          "The body has %d bytes, %s takes %d at most: send less, or raise the transport's maxBodyBytes."
              .formatted(message.body().length, channel, maxBodyBytes));
    }
    String brokerId = broker.store(channel, message);
    return brokerId != null
        ? CompletableFuture.completedFuture(brokerId)
        : rejected(
            ErrorCode.NOT_FOUND,
            "The in-memory broker has no %s: prepare it with topology CREATE.".formatted(channel));
  }

  @Override
  public boolean flush(Duration deadline) {
    return true;
  }

  /** Rejects what is sent from now on. */
  void close() {
    closed = true;
  }

  private static CompletableFuture<String> rejected(ErrorCode code, String message) {
    return CompletableFuture.failedFuture(SendException.rejected(code, message, null));
  }
}
