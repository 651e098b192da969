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
    Deadline until = Deadline.in(CALL);
    CreateQueueRequest request =
        Sdk1Port.within(until, new CreateQueueRequest(name)).withAttributes(attributes);
    return calls.call(
        until, () -> settings.reachable(clients.sqs().createQueue(request).getQueueUrl()));
  }

  @Override
  public CompletableFuture<Void> deleteQueue(String queueUrl, Deadline until) {
    return run(
        until,
        () -> clients.sqs().deleteQueue(Sdk1Port.within(until, new DeleteQueueRequest(queueUrl))));
  }

  @Override
  public CompletableFuture<Map<String, String>> queueAttributes(
      String queueUrl, List<String> names) {
    Deadline until = Deadline.in(CALL);
    GetQueueAttributesRequest request =
        Sdk1Port.within(until, new GetQueueAttributesRequest(queueUrl, names));
    return calls.call(
        until, () -> Map.copyOf(clients.sqs().getQueueAttributes(request).getAttributes()));
  }

  @Override
  public CompletableFuture<Void> setQueueAttribute(String queueUrl, String name, String value) {
    Deadline until = Deadline.in(CALL);
    SetQueueAttributesRequest request =
        Sdk1Port.within(until, new SetQueueAttributesRequest(queueUrl, Map.of(name, value)));
    return run(until, () -> clients.sqs().setQueueAttributes(request));
  }

  @Override
  public CompletableFuture<String> createTopic(String name, boolean fifo) {
    Deadline until = Deadline.in(CALL);
    CreateTopicRequest request =
        Sdk1Port.within(until, new CreateTopicRequest(name))
            .withAttributes(fifo ? Map.of("FifoTopic", "true") : Map.of());
    return calls.call(until, () -> clients.sns().createTopic(request).getTopicArn());
  }

  @Override
  public CompletableFuture<Void> findTopic(String topicArn) {
    Deadline until = Deadline.in(CALL);
    GetTopicAttributesRequest request =
        Sdk1Port.within(until, new GetTopicAttributesRequest(topicArn));
    return run(until, () -> clients.sns().getTopicAttributes(request));
  }

  @Override
  public CompletableFuture<Optional<String>> subscription(String topicArn, String queueArn) {
    return calls.call(Deadline.in(CALL), () -> foundSubscription(topicArn, queueArn));
  }

  private Optional<String> foundSubscription(String topicArn, String queueArn) {
    String next = null;
    do {
      ListSubscriptionsByTopicRequest request =
          Sdk1Port.within(Deadline.in(CALL), new ListSubscriptionsByTopicRequest(topicArn))
              .withNextToken(next);
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
    Deadline until = Deadline.in(CALL);
    GetSubscriptionAttributesRequest request =
        Sdk1Port.within(until, new GetSubscriptionAttributesRequest(subscriptionArn));
    return calls.call(
        until, () -> Map.copyOf(clients.sns().getSubscriptionAttributes(request).getAttributes()));
  }

  @Override
  public CompletableFuture<Void> subscribe(
      String topicArn, String queueArn, Map<String, String> attributes) {
    Deadline until = Deadline.in(CALL);
    SubscribeRequest request =
        Sdk1Port.within(until, new SubscribeRequest(topicArn, "sqs", queueArn))
            .withAttributes(attributes)
            .withReturnSubscriptionArn(true);
    return run(until, () -> clients.sns().subscribe(request));
  }

  /** The ARN of a topic, by looking through all; fails with {@link ErrorCode#NOT_FOUND}. */
  CompletableFuture<String> foundTopic(String name, Deadline until) {
    return calls.call(until, () -> searchedTopic(name, until));
  }

  private String searchedTopic(String name, Deadline until) {
    String next = null;
    do {
      ListTopicsRequest request =
          Sdk1Port.within(until, new ListTopicsRequest()).withNextToken(next);
      ListTopicsResult page = clients.sns().listTopics(request);
      for (Topic topic : page.getTopics()) {
        if (topic.getTopicArn().endsWith(":" + name)) {
          return topic.getTopicArn();
        }
      }
      next = page.getNextToken();
    } while (next != null);
    throw AwsErrors.noTopic(name);
  }

  private CompletableFuture<Void> run(Deadline until, Supplier<?> call) {
    return calls.call(until, call).thenAccept(result -> {});
  }
}
