package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.transport.Sender;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends with one idempotent producer, and completes on a thread of its own. */
final class KafkaSender implements Sender {
  private static final Logger log = LoggerFactory.getLogger(KafkaSender.class);

  /** How long answers that have arrived may take to be handed on when the sender is closed. */
  private static final Duration LAST_ANSWERS = Duration.ofMillis(500);

  private final CurrentProducer producer;
  private final ReplyTopics replyTopics;
  private final ScheduledThreadPoolExecutor answers;
  private final AnswerThread answerThread;
  private final PendingSends pending;
  private volatile boolean closed;

  KafkaSender(CurrentProducer producer, ReplyTopics replyTopics) {
    this.producer = producer;
    this.replyTopics = replyTopics;
    this.answers = new ScheduledThreadPoolExecutor(1, Threads.named("waybill-kafka-answers"));
    answers.setRemoveOnCancelPolicy(true);
    answers.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    this.answerThread = new AnswerThread(answers);
    this.pending = new PendingSends(answers);
  }

  Producer<byte[], byte[]> producer() {
    return producer.get();
  }

  @Override
  public CompletableFuture<String> send(Channel channel, WireMessage message, Duration deadline) {
    if (message.delay() != null) {
      return CompletableFuture.failedFuture(
          SendException.rejected(
              ErrorCode.UNSUPPORTED, "Kafka has no delayed delivery; see the capabilities.", null));
    }
    String topic = KafkaNames.topic(channel);
    return channel instanceof ReplyQueue replies
        ? reply(KafkaMapping.toReply(topic, replies, message), deadline)
        : send(KafkaMapping.toRecord(topic, message), deadline);
  }

  private CompletableFuture<String> reply(ProducerRecord<byte[], byte[]> record, Duration allowed) {
    Deadline deadline = Deadline.in(allowed);
    try {
      replyTopics.check(record.topic(), allowed);
    } catch (SendException e) {
      return CompletableFuture.failedFuture(closed ? KafkaErrors.closedBeforeSend() : e);
    }
    CompletableFuture<String> answer = send(record, deadline.remaining());
    var unused =
        answer.whenComplete(
            (id, error) -> {
              if (error != null) {
                replyTopics.forget(record.topic());
              }
            });
    return answer;
  }

  /**
   * Sends a record as it is, under the contract of {@link #send(Channel, WireMessage, Duration)}.
   */
  CompletableFuture<String> send(ProducerRecord<byte[], byte[]> record, Duration deadline) {
    Producer<byte[], byte[]> with = producer.get();
    PendingSend send =
        new PendingSend(
            record, deadline, answerThread, pending, () -> closed, error -> failed(with, error));
    pending.add(send);
    try {
      if (closed) {
        throw KafkaErrors.closedBeforeSend();
      }
      send.handTo(with);
      pending.watch(send);
    } catch (SendException e) {
      send.fail(e);
    } catch (KafkaException | IllegalStateException e) {
      // the latter is the producer's way to say that it is closed
      failed(with, e);
      send.fail(
          closed ? KafkaErrors.closedBeforeSend() : KafkaErrors.unsent(send.topic(), e, deadline));
    } catch (Error e) { // no heap, no native library: perhaps it was taken before
      send.fail(KafkaErrors.unconfirmed(send.topic(), e));
    }
    return send.answer();
  }

  private void failed(Producer<byte[], byte[]> with, Throwable error) {
    if (!closed && CurrentProducer.isDefunct(error)) {
      producer.replace(with, error);
    }
  }

  @Override
  public boolean flush(Duration deadline) {
    if (closed) {
      throw KafkaErrors.closed();
    }
    return pending.await(Deadline.in(deadline));
  }

  /**
   * Fetches what the producer must know of topics before their first send; blocks until the
   * deadline.
   */
  void warmUp(Collection<String> topics, Deadline deadline) {
    for (String topic : topics) {
      try {
        warmUp(topic, deadline);
      } catch (KafkaException e) {
        log.debug("No metadata of topic {} yet: its first send asks again", topic, e);
      }
    }
  }

  private void warmUp(String topic, Deadline deadline) {
    while (true) {
      try {
        var unused = producer().partitionsFor(topic);
        return;
      } catch (TimeoutException e) {
        if (deadline.passed()) {
          throw e;
        }
      }
    }
  }

  /** Waits for answers until the deadline, then fails what has none; leaves no thread. */
  void close(Duration deadline) {
    closed = true;
    producer.close(deadline);
    answers.shutdown();
    try {
      if (!answers.awaitTermination(LAST_ANSWERS.toMillis(), TimeUnit.MILLISECONDS)) {
        log.warn("Somebody blocks the thread {}", "waybill-kafka-answers");
        answers.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    pending.failAll(KafkaErrors.closedBeforeAnswer());
  }
}
