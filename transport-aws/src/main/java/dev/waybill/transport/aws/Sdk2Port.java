package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.transport.aws.AwsFailure.Fate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.services.sns.SnsAsyncClient;
import software.amazon.awssdk.services.sns.model.CreateTopicRequest;
import software.amazon.awssdk.services.sns.model.GetSubscriptionAttributesRequest;
import software.amazon.awssdk.services.sns.model.GetTopicAttributesRequest;
import software.amazon.awssdk.services.sns.model.ListSubscriptionsByTopicRequest;
import software.amazon.awssdk.services.sns.model.ListTopicsRequest;
import software.amazon.awssdk.services.sns.model.PublishBatchRequest;
import software.amazon.awssdk.services.sns.model.SubscribeRequest;
import software.amazon.awssdk.services.sns.model.Subscription;
import software.amazon.awssdk.services.sns.model.Topic;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.ChangeMessageVisibilityBatchRequest;
import software.amazon.awssdk.services.sqs.model.ChangeMessageVisibilityBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.CreateQueueRequest;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequest;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.DeleteQueueRequest;
import software.amazon.awssdk.services.sqs.model.GetQueueAttributesRequest;
import software.amazon.awssdk.services.sqs.model.GetQueueUrlRequest;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageRequest;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequest;
import software.amazon.awssdk.services.sqs.model.SetQueueAttributesRequest;

/**
 * The port on version 2 of the SDK, whose calls do not block. A few threads begin them, because
 * looking up credentials may block.
 */
final class Sdk2Port implements AwsPort {
  private static final Duration CALL = Duration.ofSeconds(10);
  private static final int THREADS = 4;

  private final AwsSettings settings;
  private final Sdk2Clients clients;
  private final CallPool calls = new CallPool(Threads.pool("call", THREADS), Sdk2Errors::translate);

  Sdk2Port(AwsSettings settings, Sdk2Clients clients) {
    this.settings = settings;
    this.clients = clients;
  }

  @Override
  public CompletableFuture<String> queueUrl(String name, Duration timeout) {
    GetQueueUrlRequest request =
        GetQueueUrlRequest.builder()
            .queueName(name)
            .queueOwnerAWSAccountId(settings.account())
            .overrideConfiguration(within(timeout))
            .build();
    return sqs(client -> client.getQueueUrl(request))
        .thenApply(response -> settings.reachable(response.queueUrl()));
  }

  @Override
  public CompletableFuture<String> topicArn(String name, Duration timeout) {
    Optional<String> known = settings.topicArn(name);
    return known.isPresent()
        ? CompletableFuture.completedFuture(known.get())
        : foundTopic(name, null, Deadline.in(timeout));
  }

  private CompletableFuture<String> foundTopic(
      String name, @Nullable String page, Deadline deadline) {
    ListTopicsRequest request =
        ListTopicsRequest.builder()
            .nextToken(page)
            .overrideConfiguration(within(deadline.remaining()))
            .build();
    return sns(client -> client.listTopics(request))
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

  @Override
  public CompletableFuture<List<Answer>> send(
      String queueUrl, List<OutgoingMessage> messages, Duration timeout) {
    SendMessageBatchRequest request =
        SendMessageBatchRequest.builder()
            .queueUrl(queueUrl)
            .entries(BatchAnswers.entries(messages, Sdk2Messages::toSqs))
            .overrideConfiguration(within(timeout))
            .build();
    return sqs(client -> client.sendMessageBatch(request))
        .thenApply(
            response -> {
              BatchAnswers answers = new BatchAnswers(messages.size());
              response.successful().forEach(e -> answers.done(e.id(), e.messageId()));
              failed(response.failed(), answers);
              return answers.all();
            });
  }

  @Override
  public CompletableFuture<List<Answer>> publish(
      String topicArn, List<OutgoingMessage> messages, Duration timeout) {
    PublishBatchRequest request =
        PublishBatchRequest.builder()
            .topicArn(topicArn)
            .publishBatchRequestEntries(BatchAnswers.entries(messages, Sdk2Messages::toSns))
            .overrideConfiguration(within(timeout))
            .build();
    return sns(client -> client.publishBatch(request))
        .thenApply(
            response -> {
              BatchAnswers answers = new BatchAnswers(messages.size());
              response.successful().forEach(e -> answers.done(e.id(), e.messageId()));
              response
                  .failed()
                  .forEach(e -> answers.failed(e.id(), e.code(), e.senderFault(), e.message()));
              return answers.all();
            });
  }

  @Override
  public CompletableFuture<List<ReceivedMessage>> receive(Poll poll) {
    ReceiveMessageRequest request =
        ReceiveMessageRequest.builder()
            .queueUrl(poll.queueUrl())
            .maxNumberOfMessages(poll.max())
            .waitTimeSeconds(Durations.wholeSeconds(poll.waiting()))
            .visibilityTimeout(Durations.wholeSeconds(poll.visibility()))
            .messageAttributeNames("All")
            .messageSystemAttributeNamesWithStrings(ReceivedMessage.SYSTEM_ATTRIBUTES)
            .receiveRequestAttemptId(poll.attemptId())
            .overrideConfiguration(within(poll.waiting().plusSeconds(5)))
            .build();
    return sqs(client -> client.receiveMessage(request))
        .thenApply(response -> response.messages().stream().map(Sdk2Messages::fromSqs).toList());
  }

  @Override
  public CompletableFuture<List<Answer>> delete(
      String queueUrl, List<String> receiptHandles, Duration timeout) {
    DeleteMessageBatchRequest request =
        DeleteMessageBatchRequest.builder()
            .queueUrl(queueUrl)
            .entries(
                BatchAnswers.entries(
                    receiptHandles,
                    (id, handle) ->
                        DeleteMessageBatchRequestEntry.builder()
                            .id(id)
                            .receiptHandle(handle)
                            .build()))
            .overrideConfiguration(within(timeout))
            .build();
    return sqs(client -> client.deleteMessageBatch(request))
        .thenApply(
            response -> {
              BatchAnswers answers = new BatchAnswers(receiptHandles.size());
              response.successful().forEach(e -> answers.done(e.id(), null));
              failed(response.failed(), answers);
              return answers.all();
            });
  }

  @Override
  public CompletableFuture<List<Answer>> hide(
      String queueUrl, List<Hiding> hidings, Duration timeout) {
    ChangeMessageVisibilityBatchRequest request =
        ChangeMessageVisibilityBatchRequest.builder()
            .queueUrl(queueUrl)
            .entries(
                BatchAnswers.entries(
                    hidings,
                    (id, hiding) ->
                        ChangeMessageVisibilityBatchRequestEntry.builder()
                            .id(id)
                            .receiptHandle(hiding.receiptHandle())
                            .visibilityTimeout(hiding.seconds())
                            .build()))
            .overrideConfiguration(within(timeout))
            .build();
    return sqs(client -> client.changeMessageVisibilityBatch(request))
        .thenApply(
            response -> {
              BatchAnswers answers = new BatchAnswers(hidings.size());
              response.successful().forEach(e -> answers.done(e.id(), null));
              failed(response.failed(), answers);
              return answers.all();
            });
  }

  @Override
  public CompletableFuture<String> createQueue(String name, Map<String, String> attributes) {
    CreateQueueRequest request =
        CreateQueueRequest.builder()
            .queueName(name)
            .attributesWithStrings(attributes)
            .overrideConfiguration(within(CALL))
            .build();
    return sqs(client -> client.createQueue(request))
        .thenApply(response -> settings.reachable(response.queueUrl()));
  }

  @Override
  public CompletableFuture<Void> deleteQueue(String queueUrl, Duration timeout) {
    DeleteQueueRequest request =
        DeleteQueueRequest.builder()
            .queueUrl(queueUrl)
            .overrideConfiguration(within(timeout))
            .build();
    return sqs(client -> client.deleteQueue(request)).thenAccept(response -> {});
  }

  @Override
  public CompletableFuture<Map<String, String>> queueAttributes(
      String queueUrl, List<String> names) {
    GetQueueAttributesRequest request =
        GetQueueAttributesRequest.builder()
            .queueUrl(queueUrl)
            .attributeNamesWithStrings(names)
            .overrideConfiguration(within(CALL))
            .build();
    return sqs(client -> client.getQueueAttributes(request))
        .thenApply(response -> Map.copyOf(response.attributesAsStrings()));
  }

  @Override
  public CompletableFuture<Void> setQueueAttribute(String queueUrl, String name, String value) {
    SetQueueAttributesRequest request =
        SetQueueAttributesRequest.builder()
            .queueUrl(queueUrl)
            .attributesWithStrings(Map.of(name, value))
            .overrideConfiguration(within(CALL))
            .build();
    return sqs(client -> client.setQueueAttributes(request)).thenAccept(response -> {});
  }

  @Override
  public CompletableFuture<String> createTopic(String name, boolean fifo) {
    CreateTopicRequest request =
        CreateTopicRequest.builder()
            .name(name)
            .attributes(fifo ? Map.of("FifoTopic", "true") : Map.of())
            .overrideConfiguration(within(CALL))
            .build();
    return sns(client -> client.createTopic(request)).thenApply(response -> response.topicArn());
  }

  @Override
  public CompletableFuture<Boolean> topicExists(String topicArn) {
    GetTopicAttributesRequest request =
        GetTopicAttributesRequest.builder()
            .topicArn(topicArn)
            .overrideConfiguration(within(CALL))
            .build();
    return sns(client -> client.getTopicAttributes(request))
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
            .overrideConfiguration(within(CALL))
            .build();
    return sns(client -> client.listSubscriptionsByTopic(request))
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
            .overrideConfiguration(within(CALL))
            .build();
    return sns(client -> client.getSubscriptionAttributes(request))
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
            .overrideConfiguration(within(CALL))
            .build();
    return sns(client -> client.subscribe(request)).thenAccept(response -> {});
  }

  /** Providers of this SDK renew what expires by themselves. */
  @Override
  public void renewCredentials() {}

  @Override
  public Optional<Object> unwrap(Class<?> type) {
    if (type == SqsAsyncClient.class) {
      return Optional.of(clients.sqs());
    }
    return type == SnsAsyncClient.class ? Optional.of(clients.sns()) : Optional.empty();
  }

  @Override
  public void close() {
    Deadline deadline = Deadline.in(Duration.ofSeconds(1));
    calls.close();
    clients.close(deadline);
    calls.awaitTermination(deadline);
  }

  private <T> CompletableFuture<T> sqs(Function<SqsAsyncClient, CompletableFuture<T>> call) {
    return calls.begin(() -> call.apply(clients.sqs()));
  }

  private <T> CompletableFuture<T> sns(Function<SnsAsyncClient, CompletableFuture<T>> call) {
    return calls.begin(() -> call.apply(clients.sns()));
  }

  private static void failed(List<BatchResultErrorEntry> entries, BatchAnswers answers) {
    entries.forEach(e -> answers.failed(e.id(), e.code(), e.senderFault(), e.message()));
  }

  private static AwsRequestOverrideConfiguration within(Duration timeout) {
    Duration least = Duration.ofMillis(1);
    return AwsRequestOverrideConfiguration.builder()
        .apiCallTimeout(timeout.compareTo(least) < 0 ? least : timeout)
        .build();
  }
}
