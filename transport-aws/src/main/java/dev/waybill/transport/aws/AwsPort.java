package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What this transport needs of AWS; one SDK stands behind it. No method blocks or throws; each may
 * be called by several threads. A future fails with an {@link AwsFailure}, and completes on a
 * thread of the port's, which must not be kept; at {@link #close} those without an answer fail. No
 * call is repeated inside.
 *
 * <p>A call for which no thread is free by its deadline is not made; one that was made has as long
 * for its answer.
 *
 * <p>Calls with several entries take one to ten, and answer each, in their order; such a future
 * fails only if there is no answer for any of them.
 */
interface AwsPort extends AutoCloseable {
  /**
   * What became of one entry of a call.
   *
   * @param id the message id of an entry that was sent, else null
   * @param failure null if it was done
   */
  record Answer(@Nullable String id, @Nullable AwsFailure failure) {
    static Answer done(@Nullable String id) {
      return new Answer(id, null);
    }

    static Answer failed(AwsFailure failure) {
      return new Answer(null, failure);
    }
  }

  /**
   * Hides a received message from others.
   *
   * @param seconds how long, from now on; 0 gives it back
   */
  record Hiding(String receiptHandle, int seconds) {
    /** Gives messages back. */
    static List<Hiding> none(List<ReceivedMessage> messages) {
      return messages.stream().map(message -> new Hiding(message.receiptHandle(), 0)).toList();
    }
  }

  /**
   * A wait for messages.
   *
   * @param max 1 to 10
   * @param waiting whole seconds, up to 20
   * @param visibility how long they are hidden from others
   * @param attemptId makes SQS answer a repeated call like the first one; FIFO queues only
   */
  record Poll(
      String queueUrl, int max, Duration waiting, Duration visibility, @Nullable String attemptId) {
    /** How long its answer may take. */
    Duration longest() {
      return waiting.plusSeconds(5);
    }
  }

  /**
   * Asks a provider of credentials that the user gave, as its own error says more than that of a
   * call; fails with {@link ErrorCode#NOT_AUTHENTICATED} if it gives none.
   */
  CompletableFuture<Boolean> checkCredentials(Deadline until);

  /** The URL of a queue; fails with {@link ErrorCode#NOT_FOUND} if there is no such queue. */
  CompletableFuture<String> queueUrl(String name, Deadline until);

  /** The ARN of a topic, without making it; fails with {@link ErrorCode#NOT_FOUND}. */
  CompletableFuture<String> topicArn(String name, Deadline until);

  /** Stores messages in a queue; those of one group in their order. */
  CompletableFuture<List<Answer>> send(
      String queueUrl, List<OutgoingMessage> messages, Deadline until);

  /** Stores messages in a topic; those of one group in their order. */
  CompletableFuture<List<Answer>> publish(
      String topicArn, List<OutgoingMessage> messages, Deadline until);

  /** Waits for messages. */
  CompletableFuture<List<ReceivedMessage>> receive(Poll poll);

  /** Deletes received messages. */
  CompletableFuture<List<Answer>> delete(
      String queueUrl, List<String> receiptHandles, Deadline until);

  /** Hides received messages, or gives them back. */
  CompletableFuture<List<Answer>> hide(String queueUrl, List<Hiding> hidings, Deadline until);

  /**
   * Cuts off the calls that wait for messages: those without an answer fail, and new ones do. What
   * AWS hands to one of them nevertheless is given back, if its client still works.
   */
  void endPolls();

  /** The calls about queues, topics and subscriptions themselves. */
  TopologyPort topology();

  /** Forgets credentials that AWS says have expired, if they can be had anew. Never throws. */
  void renewCredentials();

  /** The SDK's client of a class. */
  Optional<Object> unwrap(Class<?> type);

  /** Ends the clients that are this port's own; calls under way fail. Never throws. */
  @Override
  void close();
}
