package dev.waybill.transport.aws;

import dev.waybill.transport.aws.BatchAnswers.Entry;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.sns.SnsAsyncClient;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageResponse;

/** The port on version 2 of the SDK. */
final class Sdk2Port implements AwsPort {
  private static final Logger log = LoggerFactory.getLogger(Sdk2Port.class);
  private static final Duration LATE = Duration.ofSeconds(5);

  private final AwsSettings settings;
  private final Sdk2Clients clients;
  private final Sdk2Calls calls;
  private final Sdk2Topology topology;

  Sdk2Port(AwsSettings settings, Sdk2Clients clients) {
    this.settings = settings;
    this.clients = clients;
    this.calls = new Sdk2Calls(clients);
    this.topology = new Sdk2Topology(settings, calls);
  }

  @Override
  public TopologyPort topology() {
    return topology;
  }

  @Override
  public CompletableFuture<Boolean> checkCredentials(Deadline until) {
    return calls.checkCredentials(until);
  }

  @Override
  public CompletableFuture<String> queueUrl(String name, Deadline until) {
    return calls
        .sqs(
            until,
            client ->
                client.getQueueUrl(
                    r ->
                        r.queueName(name)
                            .queueOwnerAWSAccountId(settings.account())
                            .overrideConfiguration(calls.within(until))))
        .thenApply(response -> settings.reachable(response.queueUrl()));
  }

  @Override
  public CompletableFuture<String> topicArn(String name, Deadline until) {
    Optional<String> known = settings.topicArn(name);
    return known.isPresent()
        ? CompletableFuture.completedFuture(known.get())
        : topology.foundTopic(name, null, until);
  }

  @Override
  public CompletableFuture<List<Answer>> send(
      String queueUrl, List<OutgoingMessage> messages, Deadline until) {
    return calls
        .sqs(
            until,
            client ->
                client.sendMessageBatch(
                    r ->
                        r.queueUrl(queueUrl)
                            .entries(BatchAnswers.entries(messages, Sdk2Messages::toSqs))
                            .overrideConfiguration(calls.within(until))))
        .thenApply(
            response ->
                BatchAnswers.inOrder(
                    messages.size(),
                    response.successful(),
                    e -> Entry.done(e.id(), e.messageId()),
                    response.failed(),
                    Sdk2Port::refused));
  }

  @Override
  public CompletableFuture<List<Answer>> publish(
      String topicArn, List<OutgoingMessage> messages, Deadline until) {
    return calls
        .sns(
            until,
            client ->
                client.publishBatch(
                    r ->
                        r.topicArn(topicArn)
                            .publishBatchRequestEntries(
                                BatchAnswers.entries(messages, Sdk2Messages::toSns))
                            .overrideConfiguration(calls.within(until))))
        .thenApply(
            response ->
                BatchAnswers.inOrder(
                    messages.size(),
                    response.successful(),
                    e -> Entry.done(e.id(), e.messageId()),
                    response.failed(),
                    e -> Entry.failed(e.id(), e.code(), e.senderFault(), e.message())));
  }

  @Override
  public CompletableFuture<List<ReceivedMessage>> receive(Poll poll) {
    Deadline until = Deadline.in(poll.longest());
    return calls
        .poll(
            until,
            client ->
                client.receiveMessage(
                    r ->
                        r.queueUrl(poll.queueUrl())
                            .maxNumberOfMessages(poll.max())
                            .waitTimeSeconds(Durations.wholeSeconds(poll.waiting()))
                            .visibilityTimeout(Durations.wholeSeconds(poll.visibility()))
                            .messageAttributeNames("All")
                            .messageSystemAttributeNamesWithStrings(
                                ReceivedMessage.SYSTEM_ATTRIBUTES)
                            .receiveRequestAttemptId(poll.attemptId())
                            .overrideConfiguration(calls.within(until))),
            late -> giveBack(poll.queueUrl(), messages(late)))
        .thenApply(Sdk2Port::messages);
  }

  private static List<ReceivedMessage> messages(ReceiveMessageResponse response) {
    return response.messages().stream().map(Sdk2Messages::fromSqs).toList();
  }

  @Override
  public void endPolls() {
    calls.endPolls();
  }

  private void giveBack(String queueUrl, List<ReceivedMessage> late) {
    if (late.isEmpty()) {
      return;
    }
    var unused =
        clients
            .sqs()
            .changeMessageVisibilityBatch(
                Sdk2Messages.hiding(
                    queueUrl, Hiding.none(late), Sdk2Calls.limited(Deadline.in(LATE))))
            .whenComplete(
                (done, e) -> {
                  if (e != null) {
                    log.debug("Messages that came after the close come back with their lease", e);
                  }
                });
  }

  @Override
  public CompletableFuture<List<Answer>> delete(
      String queueUrl, List<String> receiptHandles, Deadline until) {
    return calls
        .sqs(
            until,
            client ->
                client.deleteMessageBatch(
                    r ->
                        r.queueUrl(queueUrl)
                            .entries(BatchAnswers.entries(receiptHandles, Sdk2Messages::deletion))
                            .overrideConfiguration(calls.within(until))))
        .thenApply(
            response ->
                BatchAnswers.inOrder(
                    receiptHandles.size(),
                    response.successful(),
                    e -> Entry.done(e.id(), null),
                    response.failed(),
                    Sdk2Port::refused));
  }

  @Override
  public CompletableFuture<List<Answer>> hide(
      String queueUrl, List<Hiding> hidings, Deadline until) {
    return calls
        .sqs(
            until,
            client ->
                client.changeMessageVisibilityBatch(
                    Sdk2Messages.hiding(queueUrl, hidings, calls.within(until))))
        .thenApply(
            response ->
                BatchAnswers.inOrder(
                    hidings.size(),
                    response.successful(),
                    e -> Entry.done(e.id(), null),
                    response.failed(),
                    Sdk2Port::refused));
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
    calls.close();
  }

  private static Entry refused(BatchResultErrorEntry e) {
    return Entry.failed(e.id(), e.code(), e.senderFault(), e.message());
  }
}
