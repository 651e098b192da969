package dev.waybill.transport.inmemory;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Sender;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.WireMessage;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One attempt at one message. The object is its own epoch: once the message is settled or lost
 * through it, nothing more happens through it, whoever has the message then.
 */
final class MemoryDelivery implements Delivery {
  private static final CompletionStage<Settlement.Result> SETTLED =
      CompletableFuture.completedFuture(Settlement.Result.SETTLED);
  private static final CompletionStage<Settlement.Result> NOT_OWNED =
      CompletableFuture.completedFuture(Settlement.Result.NOT_OWNED);

  final MessageQueue queue;
  final Intake intake;
  final StoredMessage stored;
  private final int attempt;

  /** Null while it is open; written under the queue's lock. */
  private volatile Settlement.@Nullable Result outcome;

  /** Those beside it in {@link OpenDeliveries}, which alone touches them. */
  @Nullable MemoryDelivery earlier;

  @Nullable MemoryDelivery later;

  /** Written under the queue's lock. */
  volatile long leasedUntil = Ticker.NEVER;

  /** The next attempt at {@code stored}, for the receiver of {@code intake}. */
  MemoryDelivery(MessageQueue queue, Intake intake, StoredMessage stored) {
    this.queue = queue;
    this.intake = intake;
    this.stored = stored;
    this.attempt = stored.attempt;
  }

  boolean isOpen() {
    return outcome == null;
  }

  /** Notes what became of it; under the queue's lock, and once. */
  void end(Settlement.Result became) {
    outcome = became;
  }

  /** What became of it; it is not open. */
  Settlement.Result became() {
    return Objects.requireNonNull(outcome);
  }

  @Override
  public WireMessage message() {
    return stored.message;
  }

  @Override
  public String brokerId() {
    return queue.brokerId(stored);
  }

  @Override
  public int attempt() {
    return attempt;
  }

  @Override
  public boolean isOwned() {
    Settlement.Result became = outcome;
    return became == null ? !queue.isPast(leasedUntil) : became == Settlement.Result.SETTLED;
  }

  @Override
  public CompletionStage<Settlement.Result> settle(Settlement settlement) {
    return queue.faults().settle(this, () -> settleNow(settlement));
  }

  /**
   * Stores the messages when it settles; both are done when this returns, unless held by faults.
   */
  @Override
  public CompletionStage<Settlement.Result> settleTogether(
      Settlement settlement, List<Sender.Addressed> messages) {
    return queue.faults().settleTogether(this, () -> settleNow(settlement, messages));
  }

  private CompletionStage<Settlement.Result> settleNow(
      Settlement settlement, List<Sender.Addressed> messages) {
    if (!isOpen()) {
      return stage(became());
    }
    List<MemorySender.Ready> ready;
    try {
      ready = intake.sender.readyWithoutLostReplies(messages);
    } catch (SendException e) {
      return CompletableFuture.failedStage(e);
    }
    if (!(settlement instanceof Settlement.Reject reject)) {
      return stage(queue.acceptStoring(this, () -> ready.forEach(MemorySender.Ready::store)));
    }
    MessageQueue deadLetters = queue.deadLetters();
    if (deadLetters == null) {
      return CompletableFuture.failedStage(noDeadLetterQueue());
    }
    return stage(
        queue.move(
            this,
            () -> {
              ready.forEach(MemorySender.Ready::store);
              var unused = deadLetters.store(message().withHeaders(reject.evidence()));
            }));
  }

  private CompletionStage<Settlement.Result> settleNow(Settlement settlement) {
    if (settlement instanceof Settlement.Release release) {
      return stage(queue.release(this, release.after(), release.attemptsMade()));
    }
    if (settlement instanceof Settlement.Reject reject) {
      return reject(reject.evidence());
    }
    return stage(queue.accept(this));
  }

  private CompletionStage<Settlement.Result> reject(Map<String, String> evidence) {
    MessageQueue deadLetters = queue.deadLetters();
    if (deadLetters == null && isOpen()) {
      return CompletableFuture.failedStage(noDeadLetterQueue());
    }
    return stage(
        deadLetters == null
            ? became()
            : queue.move(this, () -> deadLetters.store(message().withHeaders(evidence))));
  }

  @Override
  public void renewLease() {
    queue.renewLease(this);
  }

  private static CompletionStage<Settlement.Result> stage(Settlement.Result became) {
    return became == Settlement.Result.SETTLED ? SETTLED : NOT_OWNED;
  }

  private MessagingException noDeadLetterQueue() {
    return new MessagingException(
        ErrorCode.NOT_FOUND,
        "%s can't be dead-lettered and is kept: the in-memory broker has no queue '%s'; prepare it with topology CREATE."
            .formatted(brokerId(), queue.source().deadLetterQueue().name()));
  }

  @Override
  public String toString() {
    return brokerId() + ", attempt " + attempt;
  }
}
