package dev.waybill.transport.aws;

import com.amazonaws.AmazonWebServiceRequest;
import com.amazonaws.regions.RegionUtils;
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
import com.amazonaws.services.sqs.model.ChangeMessageVisibilityBatchRequest;
import com.amazonaws.services.sqs.model.ChangeMessageVisibilityBatchRequestEntry;
import com.amazonaws.services.sqs.model.ChangeMessageVisibilityRequest;
import com.amazonaws.services.sqs.model.CreateQueueRequest;
import com.amazonaws.services.sqs.model.DeleteMessageRequest;
import com.amazonaws.services.sqs.model.DeleteQueueRequest;
import com.amazonaws.services.sqs.model.GetQueueAttributesRequest;
import com.amazonaws.services.sqs.model.GetQueueUrlRequest;
import com.amazonaws.services.sqs.model.ReceiveMessageRequest;
import com.amazonaws.services.sqs.model.SetQueueAttributesRequest;
import dev.waybill.error.ErrorCode;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** The port on the AWS SDK for Java 1.x. */
final class SdkPort implements AwsPort {
  private static final Duration CALL = Duration.ofSeconds(10);

  private final AwsSettings settings;
  private final SdkClients clients;

  SdkPort(AwsSettings settings, SdkClients clients) {
    this.settings = settings;
    this.clients = clients;
  }

  @Override
  public String queueUrl(String name, Duration timeout) {
    GetQueueUrlRequest request =
        within(timeout, new GetQueueUrlRequest(name))
            .withQueueOwnerAWSAccountId(settings.account());
    return reachable(call(() -> clients.sqs().getQueueUrl(request).getQueueUrl()));
  }

  @Override
  public String createQueue(String name, Map<String, String> attributes) {
    CreateQueueRequest request =
        within(CALL, new CreateQueueRequest(name)).withAttributes(attributes);
    return reachable(call(() -> clients.sqs().createQueue(request).getQueueUrl()));
  }

  @Override
  public void deleteQueue(String queueUrl, Duration timeout) {
    DeleteQueueRequest request = within(timeout, new DeleteQueueRequest(queueUrl));
    try {
      call(() -> clients.sqs().deleteQueue(request));
    } catch (AwsFailure e) {
      if (e.code() != ErrorCode.NOT_FOUND) {
        throw e;
      }
    }
  }

  @Override
  public Map<String, String> queueAttributes(String queueUrl, List<String> names) {
    GetQueueAttributesRequest request =
        within(CALL, new GetQueueAttributesRequest(queueUrl, names));
    return call(() -> Map.copyOf(clients.sqs().getQueueAttributes(request).getAttributes()));
  }

  @Override
  public void setQueueAttribute(String queueUrl, String name, String value) {
    SetQueueAttributesRequest request =
        within(CALL, new SetQueueAttributesRequest(queueUrl, Map.of(name, value)));
    call(() -> clients.sqs().setQueueAttributes(request));
  }

  @Override
  public String send(String queueUrl, OutgoingMessage message, Duration timeout) {
    return call(
        () ->
            clients
                .sqs()
                .sendMessage(within(timeout, SdkMessages.toSqs(queueUrl, message)))
                .getMessageId());
  }

  @Override
  public List<ReceivedMessage> receive(
      String queueUrl, int max, Duration wait, Duration visibility, Optional<String> attemptId) {
    ReceiveMessageRequest request =
        within(wait.plusSeconds(5), new ReceiveMessageRequest(queueUrl))
            .withMaxNumberOfMessages(max)
            .withWaitTimeSeconds(Durations.wholeSeconds(wait))
            .withVisibilityTimeout(Durations.wholeSeconds(visibility))
            .withMessageAttributeNames("All")
            .withMessageSystemAttributeNames(SdkMessages.SYSTEM_ATTRIBUTES);
    attemptId.ifPresent(request::setReceiveRequestAttemptId);
    return call(
        () ->
            clients.sqs().receiveMessage(request).getMessages().stream()
                .map(SdkMessages::fromSqs)
                .toList());
  }

  @Override
  public void delete(String queueUrl, String receiptHandle) {
    DeleteMessageRequest request = within(CALL, new DeleteMessageRequest(queueUrl, receiptHandle));
    call(() -> clients.sqs().deleteMessage(request));
  }

  @Override
  public void changeVisibility(String queueUrl, String receiptHandle, int seconds) {
    ChangeMessageVisibilityRequest request =
        within(CALL, new ChangeMessageVisibilityRequest(queueUrl, receiptHandle, seconds));
    call(() -> clients.sqs().changeMessageVisibility(request));
  }

  @Override
  public void release(String queueUrl, List<String> receiptHandles, Duration timeout) {
    List<ChangeMessageVisibilityBatchRequestEntry> entries = new ArrayList<>();
    for (String handle : receiptHandles) {
      entries.add(
          new ChangeMessageVisibilityBatchRequestEntry("m" + entries.size(), handle)
              .withVisibilityTimeout(0));
    }
    ChangeMessageVisibilityBatchRequest request =
        within(timeout, new ChangeMessageVisibilityBatchRequest(queueUrl, entries));
    call(() -> clients.sqs().changeMessageVisibilityBatch(request));
  }

  @Override
  public String createTopic(String name, boolean fifo) {
    CreateTopicRequest request =
        within(CALL, new CreateTopicRequest(name))
            .withAttributes(fifo ? Map.of("FifoTopic", "true") : Map.of());
    return call(() -> clients.sns().createTopic(request).getTopicArn());
  }

  @Override
  public Optional<String> topicArn(String name, Duration timeout) {
    if (settings.account() != null && settings.region() != null) {
      String partition = RegionUtils.getRegion(settings.region()).getPartition();
      return Optional.of(
          String.join(":", "arn", partition, "sns", settings.region(), settings.account(), name));
    }
    Deadline deadline = Deadline.in(timeout);
    String next = null;
    do {
      ListTopicsRequest request =
          within(deadline.remaining(), new ListTopicsRequest()).withNextToken(next);
      ListTopicsResult page = call(() -> clients.sns().listTopics(request));
      for (Topic topic : page.getTopics()) {
        if (topic.getTopicArn().endsWith(":" + name)) {
          return Optional.of(topic.getTopicArn());
        }
      }
      next = page.getNextToken();
    } while (next != null);
    return Optional.empty();
  }

  @Override
  public boolean topicExists(String topicArn) {
    try {
      GetTopicAttributesRequest request = within(CALL, new GetTopicAttributesRequest(topicArn));
      call(() -> clients.sns().getTopicAttributes(request));
      return true;
    } catch (AwsFailure e) {
      if (e.code() == ErrorCode.NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }

  @Override
  public String publish(String topicArn, OutgoingMessage message, Duration timeout) {
    return call(
        () ->
            clients
                .sns()
                .publish(within(timeout, SdkMessages.toSns(topicArn, message)))
                .getMessageId());
  }

  @Override
  public Optional<String> subscription(String topicArn, String queueArn) {
    String next = null;
    do {
      ListSubscriptionsByTopicRequest request =
          within(CALL, new ListSubscriptionsByTopicRequest(topicArn)).withNextToken(next);
      ListSubscriptionsByTopicResult page =
          call(() -> clients.sns().listSubscriptionsByTopic(request));
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
  public Map<String, String> subscriptionAttributes(String subscriptionArn) {
    GetSubscriptionAttributesRequest request =
        within(CALL, new GetSubscriptionAttributesRequest(subscriptionArn));
    return call(() -> Map.copyOf(clients.sns().getSubscriptionAttributes(request).getAttributes()));
  }

  @Override
  public void subscribe(String topicArn, String queueArn) {
    SubscribeRequest request =
        within(CALL, new SubscribeRequest(topicArn, "sqs", queueArn))
            .withAttributes(Map.of("RawMessageDelivery", "true"))
            .withReturnSubscriptionArn(true);
    call(() -> clients.sns().subscribe(request));
  }

  @Override
  public void close() {
    clients.close();
  }

  /**
   * With an endpoint of the user's, queues are reached there: emulators give out names that only
   * they can resolve, and the URLs of AWS would go past a private endpoint.
   */
  private String reachable(String queueUrl) {
    URI endpoint = settings.endpoint();
    return endpoint == null
        ? queueUrl
        : endpoint.getScheme()
            + "://"
            + endpoint.getRawAuthority()
            + URI.create(queueUrl).getRawPath();
  }

  private static <R extends AmazonWebServiceRequest> R within(Duration timeout, R request) {
    long millis = Math.max(1, Math.min(Integer.MAX_VALUE, timeout.toMillis()));
    request.setSdkClientExecutionTimeout((int) millis);
    return request;
  }

  private static <T> T call(Supplier<T> call) {
    try {
      return call.get();
    } catch (RuntimeException e) {
      throw SdkErrors.translate(e);
    }
  }
}
