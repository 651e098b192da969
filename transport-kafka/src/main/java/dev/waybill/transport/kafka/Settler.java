package dev.waybill.transport.kafka;

import dev.waybill.routing.Queue;
import dev.waybill.transport.Settlement;
import java.util.concurrent.CompletableFuture;

/** Carries out the settlements of one receiver's deliveries. Thread-safe; never blocks. */
final class Settler {
  private final Queue deadLetterQueue;
  private final DeadLetters deadLetters;
  private final Credit credit;
  private final Runnable wake;
  private final Outstanding begun = new Outstanding();

  /**
   * A settler.
   *
   * @param wake makes the polling thread look for records that were put back
   */
  Settler(Queue deadLetterQueue, DeadLetters deadLetters, Credit credit, Runnable wake) {
    this.deadLetterQueue = deadLetterQueue;
    this.deadLetters = deadLetters;
    this.credit = credit;
    this.wake = wake;
  }

  /** Settles, and completes {@code result} with what became of it. */
  void settle(
      Held held, PartitionWork work, Settlement how, CompletableFuture<Settlement.Result> result) {
    if (how instanceof Settlement.Reject reject) {
      reject(held, work, reject, result);
    } else if (how instanceof Settlement.Release release) {
      work.whenHandedOver(
          () -> {
            finish(work.release(held, release.after(), release.attemptsMade()), result);
            wake.run();
          });
    } else {
      finish(work.accept(held), result);
    }
  }

  /** Waits for dead letters on their way. */
  void awaitBegun(Deadline deadline) {
    begun.await(deadline);
  }

  private void reject(
      Held held,
      PartitionWork work,
      Settlement.Reject how,
      CompletableFuture<Settlement.Result> result) {
    if (!work.isOwned()) {
      result.complete(Settlement.Result.NOT_OWNED);
      return;
    }
    begun.add(result);
    var unused =
        deadLetters
            .publish(deadLetterQueue, held.record(), how.evidence())
            .whenComplete(
                (id, error) -> {
                  if (error == null) {
                    finish(work.accept(held), result);
                  } else {
                    result.completeExceptionally(KafkaErrors.unwrapped(error));
                  }
                });
  }

  private void finish(boolean done, CompletableFuture<Settlement.Result> result) {
    if (done) {
      credit.giveBack(1);
    }
    result.complete(done ? Settlement.Result.SETTLED : Settlement.Result.NOT_OWNED);
  }
}
