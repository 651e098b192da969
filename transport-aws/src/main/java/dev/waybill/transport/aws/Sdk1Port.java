package dev.waybill.transport.aws;

import com.amazonaws.AmazonWebServiceRequest;
import com.amazonaws.services.sns.AmazonSNS;
import com.amazonaws.services.sns.model.BatchResultErrorEntry;
import com.amazonaws.services.sns.model.CreateTopicRequest;
import com.amazonaws.services.sns.model.GetSubscriptionAttributesRequest;
import com.amazonaws.services.sns.model.GetTopicAttributesRequest;
import com.amazonaws.services.sns.model.ListSubscriptionsByTopicRequest;
import com.amazonaws.services.sns.model.ListSubscriptionsByTopicResult;
import com.amazonaws.services.sns.model.ListTopicsRequest;
import com.amazonaws.services.sns.model.ListTopicsResult;
import com.amazonaws.services.sns.model.PublishBatchRequest;
import com.amazonaws.services.sns.model.PublishBatchResult;
import com.amazonaws.services.sns.model.SubscribeRequest;
import com.amazonaws.services.sns.model.Subscription;
import com.amazonaws.services.sns.model.Topic;
import com.amazonaws.services.sqs.AmazonSQS;
import com.amazonaws.services.sqs.model.ChangeMessageVisibilityBatchRequest;
import com.amazonaws.services.sqs.model.ChangeMessageVisibilityBatchRequestEntry;
import com.amazonaws.services.sqs.model.ChangeMessageVisibilityBatchResult;
import com.amazonaws.services.sqs.model.CreateQueueRequest;
import com.amazonaws.services.sqs.model.DeleteMessageBatchRequest;
import com.amazonaws.services.sqs.model.DeleteMessageBatchRequestEntry;
import com.amazonaws.services.sqs.model.DeleteMessageBatchResult;
import com.amazonaws.services.sqs.model.DeleteQueueRequest;
import com.amazonaws.services.sqs.model.GetQueueAttributesRequest;
import com.amazonaws.services.sqs.model.GetQueueUrlRequest;
import com.amazonaws.services.sqs.model.ReceiveMessageRequest;
import com.amazonaws.services.sqs.model.SendMessageBatchRequest;
import com.amazonaws.services.sqs.model.SendMessageBatchResult;
import com.amazonaws.services.sqs.model.SetQueueAttributesRequest;
import dev.waybill.error.ErrorCode;
import dev.waybill.transport.aws.AwsFailure.Fate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The port on version 1 of the SDK, whose calls block: those that send, those that settle and those
 * that wait for messages have threads of their own, so that none keeps another's waiting.
 */
final class Sdk1Port implements AwsPort {
  private static final Logger log = LoggerFactory.getLogger(Sdk1Port.class);
  private static final Duration CALL = Duration.ofSeconds(10);
  private static final int THREADS = 16;

  private final AwsSettings settings;
  private final Sdk1Clients clients;
  private final CallPool sending =
      new CallPool(Threads.pool("send", THREADS), Sdk1Errors::translate);
  private final CallPool settling =
      new CallPool(Threads.pool("settle", THREADS), Sdk1Errors::translate);
  private final CallPool polling = new CallPool(Threads.growing("poll"), Sdk1Errors::translate);

  Sdk1Port(AwsSettings settings, Sdk1Clients clients) {
    this.settings = settings;
    this.clients = clients;
  }

  @Override
  public CompletableFuture<String> queueUrl(String name, Duration timeout) {
    GetQueueUrlRequest request =
        within(timeout, new GetQueueUrlRequest(name))
            .withQueueOwnerAWSAccountId(settings.account());
    return settling.call(() -> settings.reachable(sqs().getQueueUrl(request).getQueueUrl()));
  }

  @Override
  public CompletableFuture<String> topicArn(String name, Duration timeout) {
    Optional<String> known = settings.topicArn(name);
    return known.isPresent()
        ? CompletableFuture.completedFuture(known.get())
        : settling.call(() -> foundTopic(name, Deadline.in(timeout)));
  }

  private String foundTopic(String name, Deadline deadline) {
    String next = null;
    do {
      ListTopicsRequest request =
          within(deadline.remaining(), new ListTopicsRequest()).withNextToken(next);
      ListTopicsResult page = sns().listTopics(request);
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

  @Override
  public CompletableFuture<List<Answer>> send(
      String queueUrl, List<OutgoingMessage> messages, Duration timeout) {
    SendMessageBatchRequest request =
        within(
            timeout,
            new SendMessageBatchRequest(
                queueUrl, BatchAnswers.entries(messages, Sdk1Messages::toSqs)));
    return sending.call(
        () -> {
          SendMessageBatchResult result = sqs().sendMessageBatch(request);
          BatchAnswers answers = new BatchAnswers(messages.size());
          result.getSuccessful().forEach(e -> answers.done(e.getId(), e.getMessageId()));
          failed(result.getFailed(), answers);
          return answers.all();
        });
  }

  @Override
  public CompletableFuture<List<Answer>> publish(
      String topicArn, List<OutgoingMessage> messages, Duration timeout) {
    PublishBatchRequest request =
        within(
            timeout,
            new PublishBatchRequest()
                .withTopicArn(topicArn)
                .withPublishBatchRequestEntries(
                    BatchAnswers.entries(messages, Sdk1Messages::toSns)));
    return sending.call(
        () -> {
          PublishBatchResult result = sns().publishBatch(request);
          BatchAnswers answers = new BatchAnswers(messages.size());
          result.getSuccessful().forEach(e -> answers.done(e.getId(), e.getMessageId()));
          for (BatchResultErrorEntry e : result.getFailed()) {
            answers.failed(e.getId(), e.getCode(), e.getSenderFault(), e.getMessage());
          }
          return answers.all();
        });
  }

  @Override
  public CompletableFuture<List<ReceivedMessage>> receive(Poll poll) {
    ReceiveMessageRequest request =
        within(poll.waiting().plusSeconds(5), new ReceiveMessageRequest(poll.queueUrl()))
            .withMaxNumberOfMessages(poll.max())
            .withWaitTimeSeconds(Durations.wholeSeconds(poll.waiting()))
            .withVisibilityTimeout(Durations.wholeSeconds(poll.visibility()))
            .withMessageAttributeNames("All")
            .withMessageSystemAttributeNames(ReceivedMessage.SYSTEM_ATTRIBUTES)
            .withReceiveRequestAttemptId(poll.attemptId());
    return polling.call(
        () ->
            sqs().receiveMessage(request).getMessages().stream()
                .map(Sdk1Messages::fromSqs)
                .toList());
  }

  @Override
  public CompletableFuture<List<Answer>> delete(
      String queueUrl, List<String> receiptHandles, Duration timeout) {
    DeleteMessageBatchRequest request =
        within(
            timeout,
            new DeleteMessageBatchRequest(
                queueUrl,
                BatchAnswers.entries(receiptHandles, DeleteMessageBatchRequestEntry::new)));
    return settling.call(
        () -> {
          DeleteMessageBatchResult result = sqs().deleteMessageBatch(request);
          BatchAnswers answers = new BatchAnswers(receiptHandles.size());
          result.getSuccessful().forEach(e -> answers.done(e.getId(), null));
          failed(result.getFailed(), answers);
          return answers.all();
        });
  }

  @Override
  public CompletableFuture<List<Answer>> hide(
      String queueUrl, List<Hiding> hidings, Duration timeout) {
    ChangeMessageVisibilityBatchRequest request =
        within(
            timeout,
            new ChangeMessageVisibilityBatchRequest(
                queueUrl,
                BatchAnswers.entries(
                    hidings,
                    (id, hiding) ->
                        new ChangeMessageVisibilityBatchRequestEntry(id, hiding.receiptHandle())
                            .withVisibilityTimeout(hiding.seconds()))));
    return settling.call(
        () -> {
          ChangeMessageVisibilityBatchResult result = sqs().changeMessageVisibilityBatch(request);
          BatchAnswers answers = new BatchAnswers(hidings.size());
          result.getSuccessful().forEach(e -> answers.done(e.getId(), null));
          failed(result.getFailed(), answers);
          return answers.all();
        });
  }

  @Override
  public CompletableFuture<String> createQueue(String name, Map<String, String> attributes) {
    CreateQueueRequest request =
        within(CALL, new CreateQueueRequest(name)).withAttributes(attributes);
    return settling.call(() -> settings.reachable(sqs().createQueue(request).getQueueUrl()));
  }

  @Override
  public CompletableFuture<Void> deleteQueue(String queueUrl, Duration timeout) {
    DeleteQueueRequest request = within(timeout, new DeleteQueueRequest(queueUrl));
    return run(() -> sqs().deleteQueue(request));
  }

  @Override
  public CompletableFuture<Map<String, String>> queueAttributes(
      String queueUrl, List<String> names) {
    GetQueueAttributesRequest request =
        within(CALL, new GetQueueAttributesRequest(queueUrl, names));
    return settling.call(() -> Map.copyOf(sqs().getQueueAttributes(request).getAttributes()));
  }

  @Override
  public CompletableFuture<Void> setQueueAttribute(String queueUrl, String name, String value) {
    SetQueueAttributesRequest request =
        within(CALL, new SetQueueAttributesRequest(queueUrl, Map.of(name, value)));
    return run(() -> sqs().setQueueAttributes(request));
  }

  @Override
  public CompletableFuture<String> createTopic(String name, boolean fifo) {
    CreateTopicRequest request =
        within(CALL, new CreateTopicRequest(name))
            .withAttributes(fifo ? Map.of("FifoTopic", "true") : Map.of());
    return settling.call(() -> sns().createTopic(request).getTopicArn());
  }

  @Override
  public CompletableFuture<Boolean> topicExists(String topicArn) {
    GetTopicAttributesRequest request = within(CALL, new GetTopicAttributesRequest(topicArn));
    return run(() -> sns().getTopicAttributes(request))
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
    return settling.call(() -> foundSubscription(topicArn, queueArn));
  }

  private Optional<String> foundSubscription(String topicArn, String queueArn) {
    String next = null;
    do {
      ListSubscriptionsByTopicRequest request =
          within(CALL, new ListSubscriptionsByTopicRequest(topicArn)).withNextToken(next);
      ListSubscriptionsByTopicResult page = sns().listSubscriptionsByTopic(request);
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
        within(CALL, new GetSubscriptionAttributesRequest(subscriptionArn));
    return settling.call(
        () -> Map.copyOf(sns().getSubscriptionAttributes(request).getAttributes()));
  }

  @Override
  public CompletableFuture<Void> subscribe(
      String topicArn, String queueArn, Map<String, String> attributes) {
    SubscribeRequest request =
        within(CALL, new SubscribeRequest(topicArn, "sqs", queueArn))
            .withAttributes(attributes)
            .withReturnSubscriptionArn(true);
    return run(() -> sns().subscribe(request));
  }

  @Override
  public void renewCredentials() {
    try {
      clients.renewCredentials();
    } catch (RuntimeException e) {
      log.warn("New AWS credentials can't be had at the moment: {}", e.toString());
    }
  }

  @Override
  public Optional<Object> unwrap(Class<?> type) {
    if (type == AmazonSQS.class) {
      return Optional.of(sqs());
    }
    return type == AmazonSNS.class ? Optional.of(sns()) : Optional.empty();
  }

  @Override
  public void close() {
    polling.close();
    sending.close();
    settling.close();
    clients.close();
    Deadline deadline = Deadline.in(Duration.ofSeconds(1));
    for (CallPool pool : List.of(polling, sending, settling)) {
      if (!pool.awaitTermination(deadline)) {
        log.debug("A call to AWS has not ended yet; its thread ends with it");
      }
    }
  }

  private AmazonSQS sqs() {
    return clients.sqs();
  }

  private AmazonSNS sns() {
    return clients.sns();
  }

  private CompletableFuture<Void> run(Supplier<?> call) {
    return settling.call(call).thenAccept(result -> {});
  }

  private static void failed(
      List<com.amazonaws.services.sqs.model.BatchResultErrorEntry> entries, BatchAnswers answers) {
    entries.forEach(
        e -> answers.failed(e.getId(), e.getCode(), e.getSenderFault(), e.getMessage()));
  }

  private static <R extends AmazonWebServiceRequest> R within(Duration timeout, R request) {
    long millis = Math.max(1, Math.min(Integer.MAX_VALUE, timeout.toMillis()));
    request.setSdkClientExecutionTimeout((int) millis);
    return request;
  }
}
