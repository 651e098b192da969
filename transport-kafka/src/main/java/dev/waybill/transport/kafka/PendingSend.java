package dev.waybill.transport.kafka;

import dev.waybill.error.SendException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/**
 * One message on its way through the producer. Tells apart what the producer never took (it says so
 * within the call, on the caller's thread: provably not stored) from what failed later (on the
 * producer's thread: perhaps stored).
 */
final class PendingSend implements Callback, Runnable {
  /** How long a topic that was made just now may be unknown to the broker that is asked. */
  private static final Duration UNKNOWN_TOPIC = Duration.ofSeconds(1);

  private final CompletableFuture<String> answer = new CompletableFuture<>();
  private final ProducerRecord<byte[], byte[]> record;
  private final Duration allowed;
  private final Deadline deadline;
  private final Deadline unknownTopic;
  private final Executor answers;
  private final PendingSends all;
  private final BooleanSupplier closed;
  private final Consumer<Exception> failed;
  private final Repetitions repetitions;
  private final long begun = System.nanoTime();
  private final Thread caller = Thread.currentThread();
  private boolean calling;

  /** Its caller is back, and does not fail it any more. */
  private volatile boolean handedOver;

  private @Nullable Exception refusal;
  private @Nullable RecordMetadata stored;
  private @Nullable Exception error;

  /**
   * A message.
   *
   * @param answers where the answer is completed
   * @param all where it is kept until it has an answer
   * @param closed whether the producer is being closed, which then aborts
   * @param failed is told of what the producer fails with, on the thread of the answers or the
   *     caller's
   * @param repetitions of the producer that it is handed to
   */
  PendingSend(
      ProducerRecord<byte[], byte[]> record,
      Duration deadline,
      Executor answers,
      PendingSends all,
      BooleanSupplier closed,
      Consumer<Exception> failed,
      Repetitions repetitions) {
    this.repetitions = repetitions;
    this.all = all;
    this.closed = closed;
    this.failed = failed;
    this.record = record;
    this.allowed = deadline;
    this.deadline = Deadline.in(deadline);
    this.unknownTopic = this.deadline.orIn(UNKNOWN_TOPIC);
    this.answers = answers;
  }

  CompletableFuture<String> answer() {
    return answer;
  }

  String topic() {
    return record.topic();
  }

  Deadline deadline() {
    return deadline;
  }

  /**
   * Gives the record to the producer; blocks until it takes or refuses it, at most until the
   * deadline.
   */
  void handTo(Producer<byte[], byte[]> producer) {
    do {
      refusal = null;
      calling = true;
      try {
        var unused = producer.send(record, this);
      } finally {
        calling = false;
      }
    } while (isWorthAnotherTry(refusal));
    if (refusal != null) {
      failed.accept(refusal);
      fail(KafkaErrors.unsent(topic(), refusal, allowed));
    }
    handedOver = true;
  }

  /** Whether the producer has it; else it is its caller who knows best what becomes of it. */
  boolean isHandedOver() {
    return handedOver;
  }

  /** Fails the answer, if there is none yet, because the deadline has passed. */
  void expire() {
    fail(KafkaErrors.late(topic(), allowed));
  }

  /** Fails the answer, if there is none yet. */
  void fail(Throwable problem) {
    all.remove(this);
    answer.completeExceptionally(problem);
  }

  @Override
  public void onCompletion(RecordMetadata metadata, @Nullable Exception error) {
    if (Thread.currentThread() == caller && calling && error != null) {
      refusal = error;
    } else {
      // not on the producer's own thread, which a dependent that sends would block
      this.stored = metadata;
      this.error = error;
      answers.execute(this);
    }
  }

  /** Hands the producer's answer on. */
  @Override
  public void run() {
    Exception failure = error;
    if (failure != null) {
      boolean once = repetitions.noneSince(begun);
      failed.accept(failure);
      SendException problem = KafkaErrors.unconfirmed(topic(), failure, once);
      boolean aborted =
          closed.getAsBoolean() && problem.certainty() == SendException.Certainty.UNKNOWN;
      fail(aborted ? KafkaErrors.closedBeforeAnswer() : problem);
    } else if (stored != null) {
      all.remove(this);
      answer.complete(stored.topic() + "-" + stored.partition() + "@" + stored.offset());
    }
  }

  /** Only what the producer did not take for want of time: metadata or room in its buffer. */
  private boolean isWorthAnotherTry(@Nullable Exception refused) {
    if (!(refused instanceof TimeoutException)) {
      return false;
    }
    boolean unknown = refused.getCause() instanceof UnknownTopicOrPartitionException;
    return !(unknown ? unknownTopic : deadline).passed();
  }
}
