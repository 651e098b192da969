package dev.waybill.bench;

import com.amazonaws.ClientConfiguration;
import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.sqs.AmazonSQS;
import com.amazonaws.services.sqs.AmazonSQSClientBuilder;
import com.amazonaws.services.sqs.model.DeleteMessageBatchRequest;
import com.amazonaws.services.sqs.model.DeleteMessageBatchRequestEntry;
import com.amazonaws.services.sqs.model.Message;
import com.amazonaws.services.sqs.model.MessageAttributeValue;
import com.amazonaws.services.sqs.model.ReceiveMessageRequest;
import com.amazonaws.services.sqs.model.SendMessageBatchRequest;
import com.amazonaws.services.sqs.model.SendMessageBatchRequestEntry;
import com.amazonaws.services.sqs.model.SendMessageBatchResult;
import com.amazonaws.util.VersionInfoUtils;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Version 1 of AWS's SDK, tuned by hand: eight threads that send ten at a time, four that receive
 * ten, handle them and delete them. No order over calls that fail, no retry, no dead letters, no
 * lease kept.
 */
final class RawAws1 implements Contender {
  private static final int SENDERS = 8;
  private static final int RECEIVERS = 4;

  private final Place place;

  RawAws1(Place place) {
    this.place = place;
  }

  static AmazonSQS client(String uri) {
    return AmazonSQSClientBuilder.standard()
        .withCredentials(
            new AWSStaticCredentialsProvider(new BasicAWSCredentials("emulator", "emulator")))
        .withEndpointConfiguration(
            new EndpointConfiguration("http://" + URI.create(uri).getAuthority(), "us-east-1"))
        .withClientConfiguration(new ClientConfiguration().withMaxErrorRetry(0))
        .build();
  }

  static String url(AmazonSQS sqs, Place place) {
    return sqs.getQueueUrl(place.queue() + ".fifo").getQueueUrl();
  }

  @Override
  public String version() {
    return VersionInfoUtils.getVersion();
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
    return SENDERS
        + " threads send ten at a time; "
        + RECEIVERS
        + " receive ten; the same FIFO queue and attributes as Waybill's";
  }

  /** With all that Waybill tells of a message. */
  static Map<String, String> attributes(Order order, String id) {
    Map<String, String> attributes = new HashMap<>();
    attributes.put("contentType", "application/json");
    attributes.put("ce_specversion", "1.0");
    attributes.put("ce_id", id);
    attributes.put("ce_source", "waybill");
    attributes.put("ce_type", "bench.order.v1");
    attributes.put(
        "waybill",
        ("{\"key\":\"%s\",\"contentType\":\"application/json\",\"attributes\":{\"specversion\":\"1.0\",\"id\":\"%s\","
                + "\"source\":\"waybill\",\"type\":\"bench.order.v1\",\"time\":\"2026-01-01T12:00:00.000Z\",\"waybillkind\":"
                + "\"command\",\"partitionkey\":\"%s\",\"correlationid\":\"%s\"},\"headers\":{}}")
            .formatted(order.customer(), id, order.customer(), id));
    return attributes;
  }

  @Override
  public Outlet outlet() {
    AmazonSQS sqs = client(place.uri());
    String url = url(sqs, place);
    ExecutorService threads = Executors.newFixedThreadPool(SENDERS);
    Tens tens = new Tens(sent -> threads.execute(() -> send(sqs, url, sent)));
    return new Outlet() {
      @Override
      public void send(Order order, Runnable confirmed) {
        tens.add(order, confirmed);
      }

      @Override
      public void close() {
        tens.close();
        threads.shutdown();
        sqs.shutdown();
      }
    };
  }

  private static void send(AmazonSQS sqs, String url, List<Tens.Sent> sent) {
    List<SendMessageBatchRequestEntry> entries = new ArrayList<>();
    for (Tens.Sent one : sent) {
      String id = UUID.randomUUID().toString();
      Map<String, MessageAttributeValue> attributes = new HashMap<>();
      attributes(one.order(), id)
          .forEach(
              (name, value) ->
                  attributes.put(
                      name,
                      new MessageAttributeValue().withDataType("String").withStringValue(value)));
      entries.add(
          new SendMessageBatchRequestEntry(
                  String.valueOf(entries.size()),
                  new String(Json.encode(one.order()), StandardCharsets.UTF_8))
              .withMessageAttributes(attributes)
              .withMessageGroupId(one.order().customer())
              .withMessageDeduplicationId(id));
    }
    SendMessageBatchResult result = sqs.sendMessageBatch(new SendMessageBatchRequest(url, entries));
    if (!result.getFailed().isEmpty()) {
      Failure.end("a send", new IOException(result.getFailed().get(0).getMessage()));
    }
    sent.forEach(one -> one.confirmed().run());
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    AmazonSQS sqs = client(place.uri());
    String url = url(sqs, place);
    ExecutorService threads = Executors.newFixedThreadPool(RECEIVERS);
    for (int i = 0; i < RECEIVERS; i++) {
      threads.execute(
          () -> {
            while (!threads.isShutdown()) {
              receive(sqs, url, handler);
            }
          });
    }
    return () -> {
      threads.shutdownNow();
      sqs.shutdown();
    };
  }

  private static void receive(AmazonSQS sqs, String url, Handler handler) {
    List<Message> messages =
        sqs.receiveMessage(
                new ReceiveMessageRequest(url)
                    .withMaxNumberOfMessages(Tens.SIZE)
                    .withWaitTimeSeconds(20)
                    .withMessageAttributeNames("All")
                    .withMessageSystemAttributeNames("ApproximateReceiveCount", "MessageGroupId"))
            .getMessages();
    List<DeleteMessageBatchRequestEntry> entries = new ArrayList<>();
    for (Message message : messages) {
      handler.handle(Json.decode(message.getBody().getBytes(StandardCharsets.UTF_8)));
      entries.add(
          new DeleteMessageBatchRequestEntry(
              String.valueOf(entries.size()), message.getReceiptHandle()));
    }
    if (!entries.isEmpty()) {
      sqs.deleteMessageBatch(new DeleteMessageBatchRequest(url, entries));
    }
  }
}
