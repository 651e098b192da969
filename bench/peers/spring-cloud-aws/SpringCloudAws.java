package dev.waybill.bench;

import io.awspring.cloud.sqs.listener.SqsHeaders.MessageSystemAttributes;
import io.awspring.cloud.sqs.listener.SqsMessageListenerContainer;
import io.awspring.cloud.sqs.operations.SqsTemplate;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import org.springframework.messaging.Message;
import org.springframework.messaging.support.MessageBuilder;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;

/** Spring Cloud AWS: a listener container without an application context, and its template. */
final class SpringCloudAws implements Contender {
  private static final int SENDING = 16;
  private static final int CONCURRENT = 100;

  private final Place place;

  SpringCloudAws(Place place, String name) {
    this.place = place;
  }

  @Override
  public String version() {
    return Versions.of(SqsTemplate.class);
  }

  @Override
  public String sendGuarantee() {
    return "the entry of a batch is confirmed";
  }

  @Override
  public String receiveGuarantee() {
    return "at least once, deleted when handled, one that fails comes back when its lease ends;"
        + " leases are not kept; order per group";
  }

  @Override
  public String settings() {
    return "SqsMessageListenerContainer, maxConcurrentMessages "
        + CONCURRENT
        + "; SqsTemplate.sendManyAsync of tens, up to "
        + SENDING
        + " calls at a time; no attributes";
  }

  private SqsAsyncClient client() {
    return SqsAsyncClient.builder()
        .endpointOverride(URI.create("http://" + URI.create(place.uri()).getAuthority()))
        .region(Region.US_EAST_1)
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create("emulator", "emulator")))
        .build();
  }

  private String queue() {
    return place.queue() + ".fifo";
  }

  @Override
  public Outlet outlet() {
    SqsAsyncClient sqs = client();
    SqsTemplate template = SqsTemplate.newTemplate(sqs);
    Semaphore calls = new Semaphore(SENDING);
    Tens tens = new Tens(sent -> send(template, sent, calls));
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

  private void send(SqsTemplate template, List<Tens.Sent> sent, Semaphore calls) {
    calls.acquireUninterruptibly();
    List<Message<String>> messages = new ArrayList<>();
    for (Tens.Sent one : sent) {
      messages.add(
          MessageBuilder.withPayload(new String(Json.encode(one.order()), StandardCharsets.UTF_8))
              .setHeader(
                  MessageSystemAttributes.SQS_MESSAGE_GROUP_ID_HEADER, one.order().customer())
              .setHeader(
                  MessageSystemAttributes.SQS_MESSAGE_DEDUPLICATION_ID_HEADER,
                  UUID.randomUUID().toString())
              .build());
    }
    template
        .sendManyAsync(queue(), messages)
        .whenComplete(
            (result, failure) -> {
              calls.release();
              if (failure != null || !result.failed().isEmpty()) {
                Failure.end("a send", new IllegalStateException(String.valueOf(result), failure));
              }
              sent.forEach(one -> one.confirmed().run());
            });
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    SqsAsyncClient sqs = client();
    SqsMessageListenerContainer<String> container =
        SqsMessageListenerContainer.<String>builder()
            .sqsAsyncClient(sqs)
            .queueNames(queue())
            .configure(options -> options.maxConcurrentMessages(CONCURRENT))
            .messageListener(
                message ->
                    handler.handle(
                        Json.decode(message.getPayload().getBytes(StandardCharsets.UTF_8))))
            .build();
    container.start();
    return () -> {
      container.stop();
      sqs.close();
    };
  }
}
