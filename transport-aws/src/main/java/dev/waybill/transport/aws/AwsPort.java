package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What this transport needs of AWS; one SDK stands behind it. Every method blocks, at most as long
 * as it says (else some ten seconds), throws {@link AwsFailure}, and may be called by several
 * threads. Sending and receiving are never repeated inside; the other calls may be, as a repetition
 * changes nothing.
 */
interface AwsPort extends AutoCloseable {
  /**
   * The URL of a queue.
   *
   * @throws AwsFailure with {@link ErrorCode#NOT_FOUND} if there is no such queue
   */
  String queueUrl(String name, Duration timeout);

  /** Makes a queue, or finds one with the same attributes; its URL. */
  String createQueue(String name, Map<String, String> attributes);

  /** Deletes a queue with all that is in it; no error if it is gone already. */
  void deleteQueue(String queueUrl, Duration timeout);

  /** The attributes of these names that the queue has. */
  Map<String, String> queueAttributes(String queueUrl, List<String> names);

  void setQueueAttribute(String queueUrl, String name, String value);

  /** Stores a message in a queue; the message id. */
  String send(String queueUrl, OutgoingMessage message, Duration timeout);

  /**
   * Waits for messages.
   *
   * @param max 1 to 10
   * @param wait whole seconds, up to 20
   * @param visibility how long they are hidden from others
   * @param attemptId makes SQS answer a repeated call like the first one; FIFO queues only
   */
  List<ReceivedMessage> receive(
      String queueUrl, int max, Duration wait, Duration visibility, Optional<String> attemptId);

  void delete(String queueUrl, String receiptHandle);

  /** Hides a received message from others from now on for {@code seconds}; 0 gives it back. */
  void changeVisibility(String queueUrl, String receiptHandle, int seconds);

  /** Gives up to ten received messages back; no error for those that are no longer ours. */
  void release(String queueUrl, List<String> receiptHandles, Duration timeout);

  /** Makes a topic, or finds the one of that name; its ARN. */
  String createTopic(String name, boolean fifo);

  /** The ARN of a topic, without making it; empty if it is known that there is none. */
  Optional<String> topicArn(String name, Duration timeout);

  boolean topicExists(String topicArn);

  /** Stores a message in a topic; the message id. */
  String publish(String topicArn, OutgoingMessage message, Duration timeout);

  /** The ARN of the topic's subscription to a queue; empty if it has none. */
  Optional<String> subscription(String topicArn, String queueArn);

  /** The attributes of a subscription. */
  Map<String, String> subscriptionAttributes(String subscriptionArn);

  /** Subscribes a queue with raw delivery. */
  void subscribe(String topicArn, String queueArn);

  /** Ends the clients that are this port's own; calls under way fail. Never throws. */
  @Override
  void close();
}
