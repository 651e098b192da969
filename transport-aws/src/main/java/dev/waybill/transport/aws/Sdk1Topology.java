package dev.waybill.transport.aws;

import com.amazonaws.services.sns.model.CreateTopicRequest;
import com.amazonaws.services.sns.model.GetSubscriptionAttributesRequest;
import com.amazonaws.services.sns.model.GetTopicAttributesRequest;
import com.amazonaws.services.sns.model.ListSubscriptionsByTopicRequest;
import com.amazonaws.services.sns.model.ListSubscriptionsByTopicResult;
import com.amazonaws.services.sns.model.ListTopicsRequest;
import com.amazonaws.services.sns.model.ListTopicsResult;
import com.amazonaws.services.sns.model.SubscribeRequest;
import com.amazonaws.services.sns.model.Subscription;
import com.amazonaws.services.sns.model.Topic;
import com.amazonaws.services.sqs.model.CreateQueueRequest;
import com.amazonaws.services.sqs.model.DeleteQueueRequest;
import com.amazonaws.services.sqs.model.GetQueueAttributesRequest;
import com.amazonaws.services.sqs.model.SetQueueAttributesRequest;
import dev.waybill.error.ErrorCode;
import dev.waybill.transport.aws.AwsFailure.Fate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** What makes and describes queues, topics and subscriptions, on version 1 of the SDK. */
final class Sdk1Topology implements TopologyPort {
  private static final Duration CALL = Duration.ofSeconds(10);

  private final AwsSettings settings;
  private final Sdk1Clients clients;
  private final CallPool calls;

  Sdk1Topology(AwsSettings settings, Sdk1Clients clients, CallPool calls) {
    this.settings = settings;
    this.clients = clients;
    this.calls = calls;
  }

  @Override
  public CompletableFuture<String> createQueue(String name, Map<String, String> attributes) {
    CreateQueueRequest request =
        Sdk1Port.within(CALL, new CreateQueueRequest(name)).withAttributes(attributes);
    return calls.call(() -> settings.reachable(clients.sqs().createQueue(request).getQueueUrl()));
  }

  @Override
  public CompletableFuture<Void> deleteQueue(String queueUrl, Duration timeout) {
    DeleteQueueRequest request = Sdk1Port.within(timeout, new DeleteQueueRequest(queueUrl));
    return run(() -> clients.sqs().deleteQueue(request));
  }

  @Override
  public CompletableFuture<Map<String, String>> queueAttributes(
      String queueUrl, List<String> names) {
    GetQueueAttributesRequest request =
        Sdk1Port.within(CALL, new GetQueueAttributesRequest(queueUrl, names));
    return calls.call(() -> Map.copyOf(clients.sqs().getQueueAttributes(request).getAttributes()));
  }

  @Override
  public CompletableFuture<Void> setQueueAttribute(String queueUrl, String name, String value) {
    SetQueueAttributesRequest request =
        Sdk1Port.within(CALL, new SetQueueAttributesRequest(queueUrl, Map.of(name, value)));
    return run(() -> clients.sqs().setQueueAttributes(request));
  }

  @Override
  public CompletableFuture<String> createTopic(String name, boolean fifo) {
    CreateTopicRequest request =
        Sdk1Port.within(CALL, new CreateTopicRequest(name))
            .withAttributes(fifo ? Map.of("FifoTopic", "true") : Map.of());
    return calls.call(() -> clients.sns().createTopic(request).getTopicArn());
  }

  @Override
  public CompletableFuture<Boolean> topicExists(String topicArn) {
    GetTopicAttributesRequest request =
        Sdk1Port.within(CALL, new GetTopicAttributesRequest(topicArn));
    return run(() -> clients.sns().getTopicAttributes(request))
        .handle((done, e) -> e == null ? Boolean.TRUE : falseIfMissing(e));
  }

  private static Boolean falseIfMissing(Throwable e) {
    AwsFailure failure = AwsFailure.of(e);
    if (failure.code() == ErrorCode.NOT_FOUND) {
      return Boolean.FALSE;
    }
    throw failure;
  }

  @Override
  public CompletableFuture<Optional<String>> subscription(String topicArn, String queueArn) {
    return calls.call(() -> foundSubscription(topicArn, queueArn));
  }

  private Optional<String> foundSubscription(String topicArn, String queueArn) {
    String next = null;
    do {
      ListSubscriptionsByTopicRequest request =
          Sdk1Port.within(CALL, new ListSubscriptionsByTopicRequest(topicArn)).withNextToken(next);
      ListSubscriptionsByTopicResult page = clients.sns().listSubscriptionsByTopic(request);
      for (Subscription subscription : page.getSubscriptions()) {
        if (queueArn.equals(subscription.getEndpoint())) {
          return Optional.of(subscription.getSubscriptionArn());
        }
      }
      next = page.getNextToken();
    } while (next != null);
    return Optional.empty();
  }

  @Override
  public CompletableFuture<Map<String, String>> subscriptionAttributes(String subscriptionArn) {
    GetSubscriptionAttributesRequest request =
        Sdk1Port.within(CALL, new GetSubscriptionAttributesRequest(subscriptionArn));
    return calls.call(
        () -> Map.copyOf(clients.sns().getSubscriptionAttributes(request).getAttributes()));
  }

  @Override
  public CompletableFuture<Void> subscribe(
      String topicArn, String queueArn, Map<String, String> attributes) {
    SubscribeRequest request =
        Sdk1Port.within(CALL, new SubscribeRequest(topicArn, "sqs", queueArn))
            .withAttributes(attributes)
            .withReturnSubscriptionArn(true);
    return run(() -> clients.sns().subscribe(request));
  }

  /** The ARN of a topic, by looking through all; fails with {@link ErrorCode#NOT_FOUND}. */
  CompletableFuture<String> foundTopic(String name, Duration timeout) {
    return calls.call(() -> foundTopic(name, Deadline.in(timeout)));
  }

  private String foundTopic(String name, Deadline deadline) {
    String next = null;
    do {
      ListTopicsRequest request =
          Sdk1Port.within(deadline.remaining(), new ListTopicsRequest()).withNextToken(next);
      ListTopicsResult page = clients.sns().listTopics(request);
      for (Topic topic : page.getTopics()) {
        if (topic.getTopicArn().endsWith(":" + name)) {
          return topic.getTopicArn();
        }
      }
      next = page.getNextToken();
    } while (next != null);
    throw new AwsFailure(
        ErrorCode.NOT_FOUND, Fate.NOT_EXECUTED, "there is no SNS topic " + name, null);
  }

  private CompletableFuture<Void> run(Supplier<?> call) {
    return calls.call(call).thenAccept(result -> {});
  }
}
