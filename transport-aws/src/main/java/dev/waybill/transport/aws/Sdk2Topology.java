package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sns.model.Subscription;
import software.amazon.awssdk.services.sns.model.Topic;

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
    Deadline until = Deadline.in(CALL);
    return calls
        .sqs(
            until,
            client ->
                client.createQueue(
                    r ->
                        r.queueName(name)
                            .attributesWithStrings(attributes)
                            .overrideConfiguration(calls.within(until))))
        .thenApply(response -> settings.reachable(response.queueUrl()));
  }

  @Override
  public CompletableFuture<Void> deleteQueue(String queueUrl, Deadline until) {
    return calls
        .sqs(
            until,
            client ->
                client.deleteQueue(
                    r -> r.queueUrl(queueUrl).overrideConfiguration(calls.within(until))))
        .thenAccept(response -> {});
  }

  @Override
  public CompletableFuture<Map<String, String>> queueAttributes(
      String queueUrl, List<String> names) {
    Deadline until = Deadline.in(CALL);
    return calls
        .sqs(
            until,
            client ->
                client.getQueueAttributes(
                    r ->
                        r.queueUrl(queueUrl)
                            .attributeNamesWithStrings(names)
                            .overrideConfiguration(calls.within(until))))
        .thenApply(response -> Map.copyOf(response.attributesAsStrings()));
  }

  @Override
  public CompletableFuture<Void> setQueueAttribute(String queueUrl, String name, String value) {
    Deadline until = Deadline.in(CALL);
    return calls
        .sqs(
            until,
            client ->
                client.setQueueAttributes(
                    r ->
                        r.queueUrl(queueUrl)
                            .attributesWithStrings(Map.of(name, value))
                            .overrideConfiguration(calls.within(until))))
        .thenAccept(response -> {});
  }

  @Override
  public CompletableFuture<String> createTopic(String name, boolean fifo) {
    Deadline until = Deadline.in(CALL);
    return calls
        .sns(
            until,
            client ->
                client.createTopic(
                    r ->
                        r.name(name)
                            .attributes(fifo ? Map.of("FifoTopic", "true") : Map.of())
                            .overrideConfiguration(calls.within(until))))
        .thenApply(response -> response.topicArn());
  }

  @Override
  public CompletableFuture<Void> findTopic(String topicArn) {
    Deadline until = Deadline.in(CALL);
    return calls
        .sns(
            until,
            client ->
                client.getTopicAttributes(
                    r -> r.topicArn(topicArn).overrideConfiguration(calls.within(until))))
        .thenAccept(response -> {});
  }

  @Override
  public CompletableFuture<Optional<String>> subscription(String topicArn, String queueArn) {
    return foundSubscription(topicArn, queueArn, null);
  }

  private CompletableFuture<Optional<String>> foundSubscription(
      String topicArn, String queueArn, @Nullable String page) {
    Deadline until = Deadline.in(CALL);
    return calls
        .sns(
            until,
            client ->
                client.listSubscriptionsByTopic(
                    r ->
                        r.topicArn(topicArn)
                            .nextToken(page)
                            .overrideConfiguration(calls.within(until))))
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
    Deadline until = Deadline.in(CALL);
    return calls
        .sns(
            until,
            client ->
                client.getSubscriptionAttributes(
                    r ->
                        r.subscriptionArn(subscriptionArn)
                            .overrideConfiguration(calls.within(until))))
        .thenApply(response -> Map.copyOf(response.attributes()));
  }

  @Override
  public CompletableFuture<Void> subscribe(
      String topicArn, String queueArn, Map<String, String> attributes) {
    Deadline until = Deadline.in(CALL);
    return calls
        .sns(
            until,
            client ->
                client.subscribe(
                    r ->
                        r.topicArn(topicArn)
                            .protocol("sqs")
                            .endpoint(queueArn)
                            .attributes(attributes)
                            .returnSubscriptionArn(true)
                            .overrideConfiguration(calls.within(until))))
        .thenAccept(response -> {});
  }

  /** The ARN of a topic, by looking through all; fails with {@link ErrorCode#NOT_FOUND}. */
  CompletableFuture<String> foundTopic(String name, @Nullable String page, Deadline until) {
    return calls
        .sns(
            until,
            client ->
                client.listTopics(
                    r -> r.nextToken(page).overrideConfiguration(calls.within(until))))
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
                  ? CompletableFuture.failedFuture(AwsErrors.noTopic(name))
                  : foundTopic(name, response.nextToken(), until);
            });
  }
}
