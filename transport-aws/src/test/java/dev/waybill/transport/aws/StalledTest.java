package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import com.amazonaws.services.sns.AmazonSNS;
import com.amazonaws.services.sqs.AmazonSQS;
import com.amazonaws.services.sqs.model.GetQueueUrlRequest;
import com.amazonaws.services.sqs.model.GetQueueUrlResult;
import com.amazonaws.services.sqs.model.SendMessageBatchRequest;
import com.amazonaws.services.sqs.model.SendMessageBatchRequestEntry;
import com.amazonaws.services.sqs.model.SendMessageBatchResult;
import com.amazonaws.services.sqs.model.SendMessageBatchResultEntry;
import dev.waybill.routing.Queue;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A channel that AWS does not answer for, and the others. */
class StalledTest {
  private static final Queue STALLED = new Queue("stalled", false);
  private static final Queue OTHER = new Queue("other", false);
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** In which what stalls is not given up. */
  private static final Duration MEANWHILE = Duration.ofSeconds(20);

  @Test
  void aFullChannelTakesNoPlaceFromOthers() {
    try (ScriptedAws aws = new ScriptedAws()) {
      when(aws.port.queueUrl(eq(Names.queue(STALLED)), any()))
          .thenReturn(CompletableFuture.completedFuture("http://stalled"));
      when(aws.port.send(eq("http://stalled"), any(), any())).thenReturn(new CompletableFuture<>());
      for (int i = 0; i < 1_000; i++) {
        var unused = aws.connection.sender().send(STALLED, Aws.message("x"), PATIENCE);
      }

      assertThat(aws.connection.sender().send(OTHER, Aws.message("y"), MEANWHILE))
          .succeedsWithin(PATIENCE);
    }
  }

  @Test
  void theCallsOfAChannelTakeNotAllThreadsOfVersion1() {
    AmazonSQS sqs = mock(AmazonSQS.class);
    AtomicInteger stalled = new AtomicInteger();
    CountDownLatch end = new CountDownLatch(1);
    when(sqs.getQueueUrl(any(GetQueueUrlRequest.class)))
        .thenAnswer(
            call ->
                new GetQueueUrlResult()
                    .withQueueUrl(
                        "http://127.0.0.1/"
                            + call.<GetQueueUrlRequest>getArgument(0).getQueueName()));
    when(sqs.sendMessageBatch(any(SendMessageBatchRequest.class)))
        .thenAnswer(
            call -> {
              SendMessageBatchRequest request = call.getArgument(0);
              if (request.getQueueUrl().endsWith(Names.queue(STALLED))) {
                stalled.incrementAndGet();
                assertThat(end.await(2, TimeUnit.MINUTES)).isTrue();
              }
              return stored(request);
            });
    try (TransportConnection connection =
        AwsTransport.builder().sqs(sqs).sns(mock(AmazonSNS.class)).build().connect(Aws.LOADING)) {
      List<CompletableFuture<String>> waiting = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        waiting.add(connection.sender().send(STALLED, Aws.message("x"), PATIENCE));
      }
      await().atMost(PATIENCE).until(() -> stalled.get() == 16);

      assertThat(connection.sender().send(OTHER, Aws.message("y"), MEANWHILE))
          .succeedsWithin(PATIENCE);

      end.countDown();
      waiting.forEach(one -> assertThat(one).succeedsWithin(PATIENCE));
    } finally {
      end.countDown();
    }
  }

  private static SendMessageBatchResult stored(SendMessageBatchRequest request) {
    List<SendMessageBatchResultEntry> entries = new ArrayList<>();
    for (SendMessageBatchRequestEntry entry : request.getEntries()) {
      entries.add(new SendMessageBatchResultEntry().withId(entry.getId()).withMessageId("m"));
    }
    return new SendMessageBatchResult().withSuccessful(entries).withFailed(List.of());
  }
}
