package dev.waybill.bench;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.util.VersionInfo;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResponse;

/**
 * Version 2 of AWS's SDK, by its asynchronous client, tuned by hand: up to sixteen calls that send
 * ten are under way, and four that receive ten, which are handled on the SDK's threads and deleted.
 * No order over calls that fail, no retry, no dead letters, no lease kept.
 */
final class RawAws2 implements Contender {
  private static final int SENDING = 16;
  private static final int RECEIVING = 4;

  private final Place place;

  RawAws2(Place place) {
    this.place = place;
  }

  private SqsAsyncClient client() {
    return SqsAsyncClient.builder()
        .endpointOverride(URI.create("http://" + URI.create(place.uri()).getAuthority()))
        .region(Region.US_EAST_1)
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create("emulator", "emulator")))
        .build();
  }

  private String url(SqsAsyncClient sqs) {
    return sqs.getQueueUrl(r -> r.queueName(place.queue() + ".fifo")).join().queueUrl();
  }

  @Override
  public String version() {
    return VersionInfo.SDK_VERSION;
  }

  @Override
  public String sendGuarantee() {
    return "the entry of a batch is confirmed";
  }

  @Override
  public String receiveGuarantee() {
    return "at least once, ten deleted together";
  }

  @Override
  public String settings() {
    return "asynchronous client, up to "
        + SENDING
        + " calls send ten each; "
        + RECEIVING
        + " receive ten; the same FIFO queue and attributes as Waybill's";
  }

  @Override
  public Outlet outlet() {
    SqsAsyncClient sqs = client();
    String url = url(sqs);
    Semaphore calls = new Semaphore(SENDING);
    Tens tens =
        new Tens(
            sent -> {
              calls.acquireUninterruptibly();
              send(sqs, url, sent, calls);
            });
    return new Outlet() {
      @Override
      public void send(Order order, Runnable confirmed) {
        tens.add(order, confirmed);
      }

      @Override
      public void close() {
        tens.close();
        sqs.close();
      }
    };
  }

  private static void send(SqsAsyncClient sqs, String url, List<Tens.Sent> sent, Semaphore calls) {
    List<SendMessageBatchRequestEntry> entries = new ArrayList<>();
    for (Tens.Sent one : sent) {
      String id = UUID.randomUUID().toString();
      Map<String, MessageAttributeValue> attributes = new HashMap<>();
      RawAws1.attributes(one.order(), id)
          .forEach(
              (name, value) ->
                  attributes.put(
                      name,
                      MessageAttributeValue.builder()
                          .dataType("String")
                          .stringValue(value)
                          .build()));
      entries.add(
          SendMessageBatchRequestEntry.builder()
              .id(String.valueOf(entries.size()))
              .messageBody(new String(Json.encode(one.order()), StandardCharsets.UTF_8))
              .messageAttributes(attributes)
              .messageGroupId(one.order().customer())
              .messageDeduplicationId(id)
              .build());
    }
    var unused =
        sqs.sendMessageBatch(r -> r.queueUrl(url).entries(entries))
            .whenComplete(
                (response, failure) -> {
                  calls.release();
                  check(response, failure);
                  sent.forEach(one -> one.confirmed().run());
                });
  }

  private static void check(SendMessageBatchResponse response, Throwable failure) {
    if (failure != null) {
      Failure.end("a send", failure);
    } else if (!response.failed().isEmpty()) {
      Failure.end("a send", new IOException(response.failed().get(0).message()));
    }
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    SqsAsyncClient sqs = client();
    String url = url(sqs);
    AtomicBoolean closed = new AtomicBoolean();
    for (int i = 0; i < RECEIVING; i++) {
      receive(sqs, url, handler, closed);
    }
    return () -> {
      closed.set(true);
      sqs.close();
    };
  }

  private static void receive(
      SqsAsyncClient sqs, String url, Handler handler, AtomicBoolean closed) {
    if (closed.get()) {
      return;
    }
    var unused =
        sqs.receiveMessage(
                r ->
                    r.queueUrl(url)
                        .maxNumberOfMessages(Tens.SIZE)
                        .waitTimeSeconds(20)
                        .messageAttributeNames("All")
                        .messageSystemAttributeNames(
                            MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT,
                            MessageSystemAttributeName.MESSAGE_GROUP_ID))
            .thenAccept(response -> handle(sqs, url, response.messages(), handler))
            .whenComplete(
                (done, failure) -> {
                  if (failure != null && !closed.get()) {
                    Failure.end("receiving", failure);
                  }
                  receive(sqs, url, handler, closed);
                });
  }

  private static void handle(
      SqsAsyncClient sqs, String url, List<Message> messages, Handler handler) {
    List<DeleteMessageBatchRequestEntry> entries = new ArrayList<>();
    for (Message message : messages) {
      handler.handle(Json.decode(message.body().getBytes(StandardCharsets.UTF_8)));
      entries.add(
          DeleteMessageBatchRequestEntry.builder()
              .id(String.valueOf(entries.size()))
              .receiptHandle(message.receiptHandle())
              .build());
    }
    if (!entries.isEmpty()) {
      var unused = sqs.deleteMessageBatch(r -> r.queueUrl(url).entries(entries));
    }
  }
}
