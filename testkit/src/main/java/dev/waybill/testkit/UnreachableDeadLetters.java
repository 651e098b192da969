package dev.waybill.testkit;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Transport;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A transport whose dead-letter queues can't be reached for a while, which brokers do not do when
 * they are asked to; all else is the transport's own.
 */
final class UnreachableDeadLetters extends DelegatingTransport {
  private final AtomicInteger refusals = new AtomicInteger();
  private volatile boolean reachable;

  UnreachableDeadLetters(Transport transport) {
    super(transport);
  }

  /** Ends the failure. */
  void reachable() {
    reachable = true;
  }

  /** How often a dead letter was not taken. */
  int refusals() {
    return refusals.get();
  }

  @Override
  CompletionStage<Settlement.Result> settle(DelegatingDelivery delivery, Settlement settlement) {
    if (settlement instanceof Settlement.Reject && !reachable) {
      refusals.incrementAndGet();
      return CompletableFuture.failedFuture(
          new MessagingException(ErrorCode.BROKER_UNAVAILABLE, "the dead-letter queue is away"));
    }
    return super.settle(delivery, settlement);
  }
}
