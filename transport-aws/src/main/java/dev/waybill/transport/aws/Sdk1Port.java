package dev.waybill.transport.aws;

import com.amazonaws.AmazonWebServiceRequest;
import com.amazonaws.services.sns.AmazonSNS;
import com.amazonaws.services.sns.model.PublishBatchRequest;
import com.amazonaws.services.sns.model.PublishBatchResult;
import com.amazonaws.services.sqs.AmazonSQS;
import com.amazonaws.services.sqs.model.BatchResultErrorEntry;
import com.amazonaws.services.sqs.model.ChangeMessageVisibilityBatchRequest;
import com.amazonaws.services.sqs.model.ChangeMessageVisibilityBatchResult;
import com.amazonaws.services.sqs.model.DeleteMessageBatchRequest;
import com.amazonaws.services.sqs.model.DeleteMessageBatchRequestEntry;
import com.amazonaws.services.sqs.model.DeleteMessageBatchResult;
import com.amazonaws.services.sqs.model.GetQueueUrlRequest;
import com.amazonaws.services.sqs.model.ReceiveMessageRequest;
import com.amazonaws.services.sqs.model.SendMessageBatchRequest;
import com.amazonaws.services.sqs.model.SendMessageBatchResult;
import dev.waybill.transport.aws.BatchAnswers.Entry;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The port on version 1 of the SDK, whose calls block: those that send, those that publish, those
 * that settle, those that look up or prepare, and those that wait for messages have threads of
 * their own, so that none keeps another's waiting.
 */
final class Sdk1Port implements AwsPort {
  private static final Logger log = LoggerFactory.getLogger(Sdk1Port.class);
  private static final Duration LATE = Duration.ofSeconds(5);
  private static final int THREADS = 16;

  /** So that a channel or two without answers leave some to others. */
  private static final int SENDING_THREADS = 3 * Outbox.MAX_CALLS;

  private final AwsSettings settings;
  private final Sdk1Clients clients;
  private final CallPool sending =
      new CallPool(Threads.pool("send", SENDING_THREADS), Sdk1Errors::translate);

  /** For itself, as SNS may be down where SQS, and with it the dead letters, is not. */
  private final CallPool publishing =
      new CallPool(Threads.pool("publish", SENDING_THREADS), Sdk1Errors::translate);

  private final CallPool settling =
      new CallPool(Threads.pool("settle", THREADS), Sdk1Errors::translate);

  /** Lookups, which may be slow and many, keep no deletion or renewal waiting. */
  private final CallPool lookingUp =
      new CallPool(Threads.pool("look-up", THREADS), Sdk1Errors::translate);

  private final CallPool polling = new CallPool(Threads.growing("poll"), Sdk1Errors::translate);

  private final Sdk1Topology topology;

  Sdk1Port(AwsSettings settings, Sdk1Clients clients) {
    this.settings = settings;
    this.clients = clients;
    this.topology = new Sdk1Topology(settings, clients, lookingUp);
  }

  @Override
  public TopologyPort topology() {
    return topology;
  }

  @Override
  public CompletableFuture<Boolean> checkCredentials(Deadline until) {
    return lookingUp.call(until, clients::checkCredentials);
  }

  @Override
  public CompletableFuture<String> queueUrl(String name, Deadline until) {
    return lookingUp.call(
        until,
        () -> {
          GetQueueUrlRequest request =
              within(until, new GetQueueUrlRequest(name))
                  .withQueueOwnerAWSAccountId(settings.account());
          return settings.reachable(sqs().getQueueUrl(request).getQueueUrl());
        });
  }

  @Override
  public CompletableFuture<String> topicArn(String name, Deadline until) {
    Optional<String> known = settings.topicArn(name);
    return known.isPresent()
        ? CompletableFuture.completedFuture(known.get())
        : topology.foundTopic(name, until);
  }

  @Override
  public CompletableFuture<List<Answer>> send(
      String queueUrl, List<OutgoingMessage> messages, Deadline until) {
    return sending.call(
        until,
        () -> {
          SendMessageBatchRequest request =
              within(
                  until,
                  new SendMessageBatchRequest(
                      queueUrl, BatchAnswers.entries(messages, Sdk1Messages::toSqs)));
          SendMessageBatchResult result = sqs().sendMessageBatch(request);
          return BatchAnswers.inOrder(
              messages.size(),
              result.getSuccessful(),
              e -> Entry.done(e.getId(), e.getMessageId()),
              result.getFailed(),
              Sdk1Port::refused);
        });
  }

  @Override
  public CompletableFuture<List<Answer>> publish(
      String topicArn, List<OutgoingMessage> messages, Deadline until) {
    return publishing.call(
        until,
        () -> {
          PublishBatchRequest request =
              within(
                  until,
                  new PublishBatchRequest()
                      .withTopicArn(topicArn)
                      .withPublishBatchRequestEntries(
                          BatchAnswers.entries(messages, Sdk1Messages::toSns)));
          PublishBatchResult result = sns().publishBatch(request);
          return BatchAnswers.inOrder(
              messages.size(),
              result.getSuccessful(),
              e -> Entry.done(e.getId(), e.getMessageId()),
              result.getFailed(),
              e -> Entry.failed(e.getId(), e.getCode(), e.getSenderFault(), e.getMessage()));
        });
  }

  @Override
  public CompletableFuture<List<ReceivedMessage>> receive(Poll poll) {
    Deadline until = Deadline.in(poll.longest());
    return polling.begin(
        until,
        () -> CompletableFuture.completedFuture(received(poll, until)),
        late -> giveBack(poll.queueUrl(), late));
  }

  private List<ReceivedMessage> received(Poll poll, Deadline until) {
    ReceiveMessageRequest request =
        within(until, new ReceiveMessageRequest(poll.queueUrl()))
            .withMaxNumberOfMessages(poll.max())
            .withWaitTimeSeconds(Durations.wholeSeconds(poll.waiting()))
            .withVisibilityTimeout(Durations.wholeSeconds(poll.visibility()))
            .withMessageAttributeNames("All")
            .withMessageSystemAttributeNames(ReceivedMessage.SYSTEM_ATTRIBUTES)
            .withReceiveRequestAttemptId(poll.attemptId());
    return sqs().receiveMessage(request).getMessages().stream().map(Sdk1Messages::fromSqs).toList();
  }

  /** Nothing interrupts these calls, as the SDK would then drop what one of them brought. */
  @Override
  public void endPolls() {
    polling.end();
  }

  private void giveBack(String queueUrl, List<ReceivedMessage> late) {
    if (late.isEmpty()) {
      return;
    }
    try {
      sqs()
          .changeMessageVisibilityBatch(
              within(Deadline.in(LATE), Sdk1Messages.hiding(queueUrl, Hiding.none(late))));
    } catch (RuntimeException e) {
      log.debug("Messages that came after the close come back with their lease", e);
    }
  }

  @Override
  public CompletableFuture<List<Answer>> delete(
      String queueUrl, List<String> receiptHandles, Deadline until) {
    return settling.call(
        until,
        () -> {
          DeleteMessageBatchRequest request =
              within(
                  until,
                  new DeleteMessageBatchRequest(
                      queueUrl,
                      BatchAnswers.entries(receiptHandles, DeleteMessageBatchRequestEntry::new)));
          DeleteMessageBatchResult result = sqs().deleteMessageBatch(request);
          return BatchAnswers.inOrder(
              receiptHandles.size(),
              result.getSuccessful(),
              e -> Entry.done(e.getId(), null),
              result.getFailed(),
              Sdk1Port::refused);
        });
  }

  @Override
  public CompletableFuture<List<Answer>> hide(
      String queueUrl, List<Hiding> hidings, Deadline until) {
    return settling.call(
        until,
        () -> {
          ChangeMessageVisibilityBatchRequest request =
              within(until, Sdk1Messages.hiding(queueUrl, hidings));
          ChangeMessageVisibilityBatchResult result = sqs().changeMessageVisibilityBatch(request);
          return BatchAnswers.inOrder(
              hidings.size(),
              result.getSuccessful(),
              e -> Entry.done(e.getId(), null),
              result.getFailed(),
              Sdk1Port::refused);
        });
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
    polling.endThreads();
    sending.close();
    publishing.close();
    settling.close();
    lookingUp.close();
    clients.close();
    Deadline deadline = Deadline.in(Duration.ofSeconds(1));
    for (CallPool pool : List.of(polling, sending, publishing, settling, lookingUp)) {
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

  private static Entry refused(BatchResultErrorEntry e) {
    return Entry.failed(e.getId(), e.getCode(), e.getSenderFault(), e.getMessage());
  }

  static <R extends AmazonWebServiceRequest> R within(Deadline until, R request) {
    long millis = Math.max(1, Math.min(Integer.MAX_VALUE, until.remaining().toMillis()));
    request.setSdkClientExecutionTimeout((int) millis);
    request.setSdkRequestTimeout((int) millis); // a ready-made client may have a shorter one
    return request;
  }
}
