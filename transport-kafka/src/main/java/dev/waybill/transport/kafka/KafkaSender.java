package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.transport.Sender;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends with one idempotent producer, and completes on a thread of its own. */
final class KafkaSender implements Sender {
  private static final Logger log = LoggerFactory.getLogger(KafkaSender.class);

  /** How long answers that have arrived may take to be handed on when the sender is closed. */
  private static final Duration LAST_ANSWERS = Duration.ofMillis(500);

  private final CurrentProducer producer;
  private final ReplyTopics replyTopics;
  private final DelayLevels levels;
  private final ReadyForDelays delayTopics;
  private final ScheduledThreadPoolExecutor answers;
  private final AnswerThread answerThread;
  private final PendingSends pending;

  /** Those whose delay topic may have to be made first. */
  private final Outstanding delayed = new Outstanding();

  private volatile boolean closed;

  /**
   * A sender.
   *
   * @param levels of delay topics
   * @param delayTopics makes, or looks for, delay topics
   */
  KafkaSender(
      CurrentProducer producer,
      ReplyTopics replyTopics,
      DelayLevels levels,
      ReadyForDelays delayTopics) {
    this.producer = producer;
    this.replyTopics = replyTopics;
    this.levels = levels;
    this.delayTopics = delayTopics;
    this.answers = new ScheduledThreadPoolExecutor(1, Threads.named("waybill-kafka-answers"));
    answers.setRemoveOnCancelPolicy(true);
    answers.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    this.answerThread = new AnswerThread(answers);
    this.pending = new PendingSends(answers);
  }

  Producer<byte[], byte[]> producer() {
    return producer.get();
  }

  /** How many partitions a topic has; 1 if that is not known in a moment. */
  int partitions(String topic) {
    try {
      return producer().partitionsFor(topic).size();
    } catch (TimeoutException e) {
      log.debug("The partitions of {} are not known", topic, e);
      return 1;
    }
  }

  @Override
  public CompletableFuture<String> send(Channel channel, WireMessage message, Duration deadline) {
    String topic = KafkaNames.topic(channel);
    if (channel instanceof ReplyQueue replies) {
      return reply(KafkaMapping.toReply(topic, replies, message), message.delay(), deadline);
    }
    return sendAfter(message.delay(), KafkaMapping.toRecord(topic, message), deadline);
  }

  /** To the topic, for all of its subscriptions. */
  @Override
  public CompletableFuture<String> sendTo(Source source, WireMessage message, Duration deadline) {
    return send(source.channel(), message, deadline);
  }

  private CompletableFuture<String> reply(
      ProducerRecord<byte[], byte[]> record, @Nullable Duration delay, Duration allowed) {
    Deadline deadline = Deadline.in(allowed);
    try {
      replyTopics.check(record.topic(), allowed);
    } catch (SendException e) {
      return CompletableFuture.failedFuture(closed ? KafkaErrors.closedBeforeSend() : e);
    }
    CompletableFuture<String> answer = sendAfter(delay, record, deadline.remaining());
    var unused =
        answer.whenComplete(
            (id, error) -> {
              if (error != null) {
                replyTopics.forget(record.topic());
              }
            });
    return answer;
  }

  private CompletableFuture<String> sendAfter(
      @Nullable Duration delay, ProducerRecord<byte[], byte[]> record, Duration deadline) {
    return delay == null ? send(record, deadline) : sendDelayed(record, delay, deadline);
  }

  /** Confirmed when it is stored in the delay topic, where it leaves the order of its key. */
  private CompletableFuture<String> sendDelayed(
      ProducerRecord<byte[], byte[]> record, Duration delay, Duration deadline) {
    long due = DelayedRecords.due(Instant.now(), delay);
    Deadline end = Deadline.in(deadline);
    CompletableFuture<String> answer = new CompletableFuture<>();
    delayed.add(answer);
    var unused =
        delayTopics
            .ready(record.topic(), deadline)
            .thenCompose(ready -> send(waiting(record, due), end.remaining()))
            .whenComplete(
                (id, error) -> {
                  if (error == null) {
                    answer.complete(id);
                  } else {
                    answer.completeExceptionally(notDelayed(record.topic(), error));
                  }
                });
    return answer;
  }

  private Throwable notDelayed(String topic, Throwable error) {
    Throwable problem = KafkaErrors.unwrapped(error);
    if (!(problem instanceof SendException refused) || refused.code() != ErrorCode.NOT_FOUND) {
      return problem;
    }
    delayTopics.forget(topic);
    return KafkaErrors.delayTopicGone(topic, refused);
  }

  private ProducerRecord<byte[], byte[]> waiting(ProducerRecord<byte[], byte[]> record, long due) {
    return DelayedRecords.waiting(record, due, System.currentTimeMillis(), levels);
  }

  /**
   * Sends a record as it is, under the contract of {@link #send(Channel, WireMessage, Duration)}.
   */
  CompletableFuture<String> send(ProducerRecord<byte[], byte[]> record, Duration deadline) {
    CurrentProducer.Watched watched = producer.watched();
    Producer<byte[], byte[]> with = watched.producer();
    PendingSend send =
        new PendingSend(
            record,
            deadline,
            answerThread,
            pending,
            () -> closed,
            error -> failed(with, error),
            watched.repetitions());
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
      send.fail(KafkaErrors.unconfirmed(send.topic(), e, false));
    }
    return send.answer();
  }

  private void failed(Producer<byte[], byte[]> with, Throwable error) {
    if (!closed && CurrentProducer.isDefunct(error)) {
      producer.replace(with, error);
    }
  }

  /**
   * Looks whether the topic of a requester exists, as before each reply to it.
   *
   * @throws SendException if it does not, or can't be looked at
   */
  void checkReplies(String topic, Duration allowed) {
    replyTopics.check(topic, allowed);
  }

  @Override
  public boolean flush(Duration deadline) {
    if (closed) {
      throw KafkaErrors.closed();
    }
    Deadline end = Deadline.in(deadline);
    return delayed.await(end) && pending.await(end);
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
    delayed.failAll(KafkaErrors.closedBeforeAnswer());
  }
}
