package dev.waybill.transport.kafka;

import dev.waybill.error.SendException;
import dev.waybill.routing.Queue;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Publishes dead letters, from a thread of its own because a send may block and a settlement must
 * not. The thread ends when there is nothing to do for a while.
 */
final class DeadLetters {
  private static final long IDLE_SECONDS = 10;
  private static final long LAST_MILLIS = 500;

  private final KafkaSender sender;
  private final Duration deadline;
  private final ThreadPoolExecutor executor;
  private final MissingTopics missing = new MissingTopics();

  DeadLetters(KafkaSender sender, Duration deadline) {
    this.sender = sender;
    this.deadline = deadline;
    this.executor =
        new ThreadPoolExecutor(
            1,
            1,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Threads.named("waybill-kafka-dead-letters"));
    executor.allowCoreThreadTimeOut(true);
  }

  /** Completes when the dead letter is confirmed; fails with a {@link SendException}. */
  CompletableFuture<String> publish(
      Queue queue, ConsumerRecord<byte[], byte[]> record, Map<String, String> evidence) {
    ProducerRecord<byte[], byte[]> letter =
        KafkaMapping.toDeadLetter(KafkaNames.topic(queue), record, evidence);
    CompletableFuture<CompletableFuture<String>> sent = new CompletableFuture<>();
    try {
      executor.execute(() -> sent.complete(send(letter)));
    } catch (RejectedExecutionException e) {
      return CompletableFuture.failedFuture(KafkaErrors.closedBeforeSend());
    }
    return sent.thenCompose(answer -> answer);
  }

  private CompletableFuture<String> send(ProducerRecord<byte[], byte[]> letter) {
    SendException known = missing.problem(letter.topic());
    if (known != null) {
      return CompletableFuture.failedFuture(known);
    }
    CompletableFuture<String> answer = sender.send(letter, deadline);
    if (answer.isDone()) { // or it is no longer this thread's
      var unused =
          answer.whenComplete(
              (id, failure) -> {
                if (failure instanceof SendException problem) {
                  missing.note(letter.topic(), problem);
                }
              });
    }
    return answer;
  }

  /**
   * Ends the thread; to be called when the sender is closed, which then refuses what still waits
   * here.
   */
  void close() {
    executor.shutdown();
    try {
      if (!executor.awaitTermination(LAST_MILLIS, TimeUnit.MILLISECONDS)) {
        executor.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
