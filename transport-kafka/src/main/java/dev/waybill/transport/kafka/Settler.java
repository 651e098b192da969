package dev.waybill.transport.kafka;

import dev.waybill.error.MessagingException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Sender;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.WireMessage;
import dev.waybill.transport.kafka.TransactionalSettlement.Outgoing;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/** Carries out the settlements of one receiver's deliveries. Thread-safe; never blocks. */
final class Settler {
  private final Queue deadLetterQueue;
  private final DeadLetters deadLetters;
  private final Credit credit;
  private final Runnable wake;
  private final DelayLevels levels;
  private final @Nullable Transactions transactions;
  private final Outstanding begun = new Outstanding();

  /**
   * A settler.
   *
   * @param wake makes the polling thread look for records that were put back
   * @param levels of delay topics
   * @param transactions if what is done with is settled by them
   */
  Settler(
      Queue deadLetterQueue,
      DeadLetters deadLetters,
      Credit credit,
      Runnable wake,
      DelayLevels levels,
      @Nullable Transactions transactions) {
    this.deadLetterQueue = deadLetterQueue;
    this.deadLetters = deadLetters;
    this.credit = credit;
    this.wake = wake;
    this.levels = levels;
    this.transactions = transactions;
  }

  /** Settles, and completes {@code result} with what became of it. */
  void settle(
      Held held, PartitionWork work, Settlement how, CompletableFuture<Settlement.Result> result) {
    if (transactions != null && !(how instanceof Settlement.Release)) {
      settleTogether(held, work, how, List.of(), result);
    } else if (how instanceof Settlement.Reject reject) {
      reject(held, work, reject, result);
    } else if (how instanceof Settlement.Release release) {
      work.release(
          held,
          release.after(),
          release.attemptsMade(),
          done -> {
            finish(done, result);
            wake.run();
          });
    } else {
      finish(work.accept(held), result);
    }
  }

  /** Settles in a transaction, with messages; otherwise like {@link #settle}. */
  void settleTogether(
      Held held,
      PartitionWork work,
      Settlement how,
      List<Sender.Addressed> messages,
      CompletableFuture<Settlement.Result> result) {
    if (transactions == null || how instanceof Settlement.Release) {
      throw new IllegalArgumentException(
          "%s together with messages, of a receiver that was made by %s: an acceptance or a rejection"
                  .formatted(how, transactions == null ? "receive" : "receiveAtomically")
              + " of a delivery of receiveAtomically can be.");
    }
    List<Outgoing> outgoing = new ArrayList<>();
    for (Sender.Addressed each : messages) {
      outgoing.add(outgoing(each.channel(), each.message()));
    }
    if (how instanceof Settlement.Reject reject) {
      outgoing.add(
          new Outgoing(
              deadLetterQueue,
              KafkaMapping.toDeadLetter(
                  KafkaNames.topic(deadLetterQueue), held.record(), reject.evidence())));
    }
    begun.add(result);
    transactions.add(new TransactionalSettlement(held, work, List.copyOf(outgoing), result));
  }

  private Outgoing outgoing(Channel channel, WireMessage message) {
    ProducerRecord<byte[], byte[]> record = KafkaMapping.toRecord(channel, message);
    Duration delay = message.delay();
    if (delay == null) {
      return new Outgoing(channel, record);
    }
    Instant now = Instant.now();
    long due = DelayedRecords.due(now, delay);
    return new Outgoing(
        channel, DelayedRecords.waiting(record, due, now.toEpochMilli(), levels), true);
  }

  /** What is wrong with settling at the moment, or null. */
  @Nullable MessagingException problem() {
    return transactions == null ? null : transactions.problem();
  }

  /** For the polling thread; see {@link Transactions#requireNoDoubt}. */
  void requireNoDoubt() {
    if (transactions != null) {
      transactions.requireNoDoubt();
    }
  }

  /** Waits for dead letters and transactions on their way. */
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
