package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The part of {@link AwsPort}, under its rules, that makes and describes what messages go through.
 */
interface TopologyPort {
  /** Makes a queue, or finds one with the same attributes; its URL. */
  CompletableFuture<String> createQueue(String name, Map<String, String> attributes);

  /** Deletes a queue with all that is in it; no error if it is gone already. */
  CompletableFuture<Void> deleteQueue(String queueUrl, Deadline until);

  /** The attributes of these names that the queue has. */
  CompletableFuture<Map<String, String>> queueAttributes(String queueUrl, List<String> names);

  CompletableFuture<Void> setQueueAttribute(String queueUrl, String name, String value);

  /** Makes a topic, or finds the one of that name; its ARN. */
  CompletableFuture<String> createTopic(String name, boolean fifo);

  /** Asks for a topic; fails with {@link ErrorCode#NOT_FOUND} if there is none. */
  CompletableFuture<Void> findTopic(String topicArn);

  /** The ARN of the topic's subscription to a queue; empty if it has none. */
  CompletableFuture<Optional<String>> subscription(String topicArn, String queueArn);

  /** The attributes of a subscription. */
  CompletableFuture<Map<String, String>> subscriptionAttributes(String subscriptionArn);

  /** Subscribes a queue, with attributes of the subscription. */
  CompletableFuture<Void> subscribe(
      String topicArn, String queueArn, Map<String, String> attributes);
}
