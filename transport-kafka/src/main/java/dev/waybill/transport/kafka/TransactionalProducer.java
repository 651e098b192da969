package dev.waybill.transport.kafka;

import dev.waybill.error.SendException;
import dev.waybill.transport.kafka.TransactionalSettlement.Outgoing;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TransactionAbortableException;
import org.apache.kafka.common.errors.TransactionAbortedException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes transactions, one after another, on one thread. Its producer is replaced whenever it may be
 * in a state that it can't get out of; the new one has the same transactional id, so that the
 * broker ends what the old one has left open before the new one begins.
 *
 * <p>A commit is asked for only when everything else is confirmed. So a failure before that is
 * certainly an abort, and a failure of the commit itself leaves the outcome unknown.
 */
final class TransactionalProducer {
  /** What became of a transaction. */
  sealed interface Outcome {
    /** All of it is stored. */
    record Committed() implements Outcome {}

    /**
     * Nothing of it is stored.
     *
     * @param culprit what Kafka did not take, if it was that
     */
    record Aborted(Exception why, @Nullable Outgoing culprit) implements Outcome {
      /** Whether Kafka will never take the culprit. */
      boolean isRefused() {
        return refusal() != null;
      }

      /** Why Kafka will never take the culprit, or null if there is none that it never takes. */
      @Nullable SendException refusal() {
        return culprit == null ? null : KafkaErrors.refused(culprit.record().topic(), why);
      }

      /**
       * Whether it may be because of what was to be stored: a message was not confirmed, perhaps
       * because nobody was there to do it, or {@link #isItsOwnFault}.
       */
      boolean mayBeItsOwnFault() {
        return culprit != null || isItsOwnFault();
      }

      /**
       * Whether it is because of what was to be stored, and not of an outage: the broker has ended
       * the transaction, which took too long, or it refused a message.
       */
      boolean isItsOwnFault() {
        boolean ended = false;
        boolean refused = false;
        for (Throwable cause = why; cause != null; cause = cause.getCause()) {
          if (cause instanceof RetriableException || cause instanceof AuthenticationException) {
            return false;
          }
          ended |=
              cause instanceof InvalidProducerEpochException
                  || cause instanceof ProducerFencedException
                  || cause instanceof InvalidTxnStateException
                  || cause instanceof TransactionAbortableException;
          refused |= cause instanceof ApiException;
        }
        return ended || (refused && culprit != null);
      }
    }

    /** All or nothing of it is stored, and only the broker knows. */
    record Unknown(Exception why) implements Outcome {}
  }

  private static final Outcome COMMITTED = new Outcome.Committed();
  private static final Logger log = LoggerFactory.getLogger(TransactionalProducer.class);

  private final Supplier<Producer<byte[], byte[]>> producers;
  private final Duration patience;
  private final BooleanSupplier ended;
  private volatile @Nullable Producer<byte[], byte[]> producer;

  /**
   * A maker of transactions; nothing is made yet.
   *
   * @param producers makes producers, all with the same transactional id
   * @param patience how long a commit without an answer is asked for again
   * @param ended whether nobody has patience any more
   */
  TransactionalProducer(
      Supplier<Producer<byte[], byte[]>> producers, Duration patience, BooleanSupplier ended) {
    this.producers = producers;
    this.patience = patience;
    this.ended = ended;
  }

  /**
   * Sees to it that there is a producer, and nothing of an earlier one open. Blocks, at most for
   * {@code max.block.ms}.
   *
   * @throws KafkaException if that can't be had now
   */
  Producer<byte[], byte[]> open() {
    Producer<byte[], byte[]> current = producer;
    if (current != null) {
      return current;
    }
    Producer<byte[], byte[]> fresh = producers.get();
    try {
      fresh.initTransactions();
    } catch (RuntimeException e) {
      end(fresh);
      throw e;
    }
    producer = fresh;
    return fresh;
  }

  /** Stores all of it, or nothing; blocks. */
  Outcome store(
      List<Outgoing> messages,
      Map<TopicPartition, OffsetAndMetadata> offsets,
      ConsumerGroupMetadata group) {
    Producer<byte[], byte[]> current = open();
    AtomicReference<Outcome.Aborted> refused = new AtomicReference<>();
    @Nullable Exception failure = null;
    try {
      current.beginTransaction();
      for (Outgoing message : messages) {
        var unused =
            current.send(message.record(), (metadata, error) -> note(refused, message, error));
        if (refused.get() != null) {
          break;
        }
      }
      current.flush();
      if (refused.get() == null) {
        current.sendOffsetsToTransaction(offsets, group);
        return commit(current);
      }
    } catch (KafkaException | IllegalStateException e) {
      // the latter is the producer's way to say that it is closed, or in no state for this
      failure = e;
    }
    abort(current); // after which all callbacks have been called
    Outcome.Aborted culprit = refused.get();
    return culprit != null ? culprit : new Outcome.Aborted(Objects.requireNonNull(failure), null);
  }

  /** Ends it; what is open is aborted by the broker. May be called from any thread. */
  void close() {
    Producer<byte[], byte[]> current = producer;
    if (current != null) {
      replace(current);
    }
  }

  private Outcome commit(Producer<byte[], byte[]> current) {
    Deadline deadline = Deadline.in(patience);
    while (true) {
      try {
        current.commitTransaction();
        return COMMITTED;
      } catch (TimeoutException e) {
        if (deadline.passed() || ended.getAsBoolean()) {
          replace(current);
          return new Outcome.Unknown(e);
        }
      } catch (KafkaException | IllegalStateException e) {
        replace(current);
        return new Outcome.Unknown(e);
      }
    }
  }

  private void abort(Producer<byte[], byte[]> current) {
    try {
      current.abortTransaction();
    } catch (KafkaException | IllegalStateException e) {
      log.debug("A transaction is left to be aborted by the broker", e);
      replace(current);
    }
  }

  private void replace(Producer<byte[], byte[]> old) {
    producer = null;
    end(old);
  }

  private static void end(Producer<byte[], byte[]> old) {
    try {
      old.close(Duration.ZERO);
    } catch (KafkaException e) {
      log.debug("A producer did not close cleanly", e);
    }
  }

  /**
   * The first refusal counts, else the first failure: of a batch with a record that is refused
   * Kafka fails the others as well, some before it. What follows from an abort tells nothing.
   */
  private static void note(
      AtomicReference<Outcome.Aborted> noted, Outgoing message, @Nullable Exception error) {
    if (error != null && !(error instanceof TransactionAbortedException)) {
      Outcome.Aborted failed = new Outcome.Aborted(error, message);
      noted.accumulateAndGet(
          failed,
          (first, next) ->
              first == null || (!first.isRefused() && next.isRefused()) ? next : first);
    }
  }
}
