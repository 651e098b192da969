package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.transport.aws.AwsFailure.Fate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sns.model.CreateTopicRequest;
import software.amazon.awssdk.services.sns.model.GetSubscriptionAttributesRequest;
import software.amazon.awssdk.services.sns.model.GetTopicAttributesRequest;
import software.amazon.awssdk.services.sns.model.ListSubscriptionsByTopicRequest;
import software.amazon.awssdk.services.sns.model.ListTopicsRequest;
import software.amazon.awssdk.services.sns.model.SubscribeRequest;
import software.amazon.awssdk.services.sns.model.Subscription;
import software.amazon.awssdk.services.sns.model.Topic;
import software.amazon.awssdk.services.sqs.model.CreateQueueRequest;
import software.amazon.awssdk.services.sqs.model.DeleteQueueRequest;
import software.amazon.awssdk.services.sqs.model.GetQueueAttributesRequest;
import software.amazon.awssdk.services.sqs.model.SetQueueAttributesRequest;

/** What makes and describes queues, topics and subscriptions, on version 2 of the SDK. */
final class Sdk2Topology implements TopologyPort {
  private static final Duration CALL = Duration.ofSeconds(10);

  private final AwsSettings settings;
  private final Sdk2Calls calls;

  Sdk2Topology(AwsSettings settings, Sdk2Calls calls) {
    this.settings = settings;
    this.calls = calls;
  }

  @Override
  public CompletableFuture<String> createQueue(String name, Map<String, String> attributes) {
    CreateQueueRequest request =
        CreateQueueRequest.builder()
            .queueName(name)
            .attributesWithStrings(attributes)
            .overrideConfiguration(Sdk2Calls.within(CALL))
            .build();
    return calls
        .sqs(client -> client.createQueue(request))
        .thenApply(response -> settings.reachable(response.queueUrl()));
  }

  @Override
  public CompletableFuture<Void> deleteQueue(String queueUrl, Duration timeout) {
    DeleteQueueRequest request =
        DeleteQueueRequest.builder()
            .queueUrl(queueUrl)
            .overrideConfiguration(Sdk2Calls.within(timeout))
            .build();
    return calls.sqs(client -> client.deleteQueue(request)).thenAccept(response -> {});
  }

  @Override
  public CompletableFuture<Map<String, String>> queueAttributes(
      String queueUrl, List<String> names) {
    GetQueueAttributesRequest request =
        GetQueueAttributesRequest.builder()
            .queueUrl(queueUrl)
            .attributeNamesWithStrings(names)
            .overrideConfiguration(Sdk2Calls.within(CALL))
            .build();
    return calls
        .sqs(client -> client.getQueueAttributes(request))
        .thenApply(response -> Map.copyOf(response.attributesAsStrings()));
  }

  @Override
  public CompletableFuture<Void> setQueueAttribute(String queueUrl, String name, String value) {
    SetQueueAttributesRequest request =
        SetQueueAttributesRequest.builder()
            .queueUrl(queueUrl)
            .attributesWithStrings(Map.of(name, value))
            .overrideConfiguration(Sdk2Calls.within(CALL))
            .build();
    return calls.sqs(client -> client.setQueueAttributes(request)).thenAccept(response -> {});
  }

  @Override
  public CompletableFuture<String> createTopic(String name, boolean fifo) {
    CreateTopicRequest request =
        CreateTopicRequest.builder()
            .name(name)
            .attributes(fifo ? Map.of("FifoTopic", "true") : Map.of())
            .overrideConfiguration(Sdk2Calls.within(CALL))
            .build();
    return calls
        .sns(client -> client.createTopic(request))
        .thenApply(response -> response.topicArn());
  }

  @Override
  public CompletableFuture<Boolean> topicExists(String topicArn) {
    GetTopicAttributesRequest request =
        GetTopicAttributesRequest.builder()
            .topicArn(topicArn)
            .overrideConfiguration(Sdk2Calls.within(CALL))
            .build();
    return calls
        .sns(client -> client.getTopicAttributes(request))
        .handle((response, e) -> e == null || isThere(AwsFailure.of(e)));
  }

  private static boolean isThere(AwsFailure failure) {
    if (failure.code() == ErrorCode.NOT_FOUND) {
      return false;
    }
    throw failure;
  }

  @Override
  public CompletableFuture<Optional<String>> subscription(String topicArn, String queueArn) {
    return foundSubscription(topicArn, queueArn, null);
  }

  private CompletableFuture<Optional<String>> foundSubscription(
      String topicArn, String queueArn, @Nullable String page) {
    ListSubscriptionsByTopicRequest request =
        ListSubscriptionsByTopicRequest.builder()
            .topicArn(topicArn)
            .nextToken(page)
            .overrideConfiguration(Sdk2Calls.within(CALL))
            .build();
    return calls
        .sns(client -> client.listSubscriptionsByTopic(request))
        .thenCompose(
            response -> {
              Optional<String> found =
                  response.subscriptions().stream()
                      .filter(subscription -> queueArn.equals(subscription.endpoint()))
                      .map(Subscription::subscriptionArn)
                      .findFirst();
              return found.isPresent() || response.nextToken() == null
                  ? CompletableFuture.completedFuture(found)
                  : foundSubscription(topicArn, queueArn, response.nextToken());
            });
  }

  @Override
  public CompletableFuture<Map<String, String>> subscriptionAttributes(String subscriptionArn) {
    GetSubscriptionAttributesRequest request =
        GetSubscriptionAttributesRequest.builder()
            .subscriptionArn(subscriptionArn)
            .overrideConfiguration(Sdk2Calls.within(CALL))
            .build();
    return calls
        .sns(client -> client.getSubscriptionAttributes(request))
        .thenApply(response -> Map.copyOf(response.attributes()));
  }

  @Override
  public CompletableFuture<Void> subscribe(
      String topicArn, String queueArn, Map<String, String> attributes) {
    SubscribeRequest request =
        SubscribeRequest.builder()
            .topicArn(topicArn)
            .protocol("sqs")
            .endpoint(queueArn)
            .attributes(attributes)
            .returnSubscriptionArn(true)
            .overrideConfiguration(Sdk2Calls.within(CALL))
            .build();
    return calls.sns(client -> client.subscribe(request)).thenAccept(response -> {});
  }

  /** The ARN of a topic, by looking through all; fails with {@link ErrorCode#NOT_FOUND}. */
  CompletableFuture<String> foundTopic(String name, @Nullable String page, Deadline deadline) {
    ListTopicsRequest request =
        ListTopicsRequest.builder()
            .nextToken(page)
            .overrideConfiguration(Sdk2Calls.within(deadline.remaining()))
            .build();
    return calls
        .sns(client -> client.listTopics(request))
        .thenCompose(
            response -> {
              Optional<String> found =
                  response.topics().stream()
                      .map(Topic::topicArn)
                      .filter(arn -> arn.endsWith(":" + name))
                      .findFirst();
              if (found.isPresent()) {
                return CompletableFuture.completedFuture(found.get());
              }
              return response.nextToken() == null
                  ? CompletableFuture.failedFuture(
                      new AwsFailure(
                          ErrorCode.NOT_FOUND,
                          Fate.NOT_EXECUTED,
                          "there is no SNS topic " + name,
                          null))
                  : foundTopic(name, response.nextToken(), deadline);
            });
  }
}
