package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.Mockito.doAnswer;
import static org.mockito.Mockito.timeout;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import com.amazonaws.ClientConfiguration;
import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.sqs.AmazonSQS;
import com.amazonaws.services.sqs.AmazonSQSClientBuilder;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.testkit.broker.FaultProxy;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.TransportConnection;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** In a class of its own: a connection that other tests share would start threads meanwhile. */
class ClosingTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** So long that nothing ends for want of it. */
  private static final Duration MINUTES = Duration.ofMinutes(10);

  @Test
  void aClosedConnectionLeavesNoThread() {
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    Aws other = Aws.connect();
    Queue queue = other.queue(true);
    other.receive(queue, 5, new Collector());
    other.sendAndWait(queue, Aws.message("1", "k"));

    other.close();

    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(Thread.getAllStackTraces().keySet())
                    .filteredOn(thread -> !before.contains(thread))
                    .filteredOn(thread -> thread.getName().matches("waybill-aws.*|.*[Aa]ws.*"))
                    .isEmpty());
  }

  /** Nobody else would get it before its lease is over, and its message group would stand still. */
  @Test
  void whatThePollBroughtAsTheConnectionClosedIsGivenBackBeforeTheClientsEnd() throws Exception {
    ScriptedAws aws = new ScriptedAws();
    CompletableFuture<List<AwsPort.Answer>> givenBack = new CompletableFuture<>();
    AtomicBoolean early = new AtomicBoolean();
    when(aws.port.hide(anyString(), any(), any())).thenReturn(givenBack);
    doAnswer(call -> aws.waiting.complete(List.of(ScriptedAws.received("1", "a"))))
        .when(aws.port)
        .endPolls();
    doAnswer(
            call -> {
              early.set(!givenBack.isDone());
              return null;
            })
        .when(aws.port)
        .close();
    Collector collector = new Collector();
    aws.connection.receive(new Queue("q", true), 10, collector);
    verify(aws.port, timeout(PATIENCE.toMillis())).receive(any());

    Thread closing = new Thread(aws.connection::close, "closing");
    closing.start();
    verify(aws.port, timeout(PATIENCE.toMillis()))
        .hide(anyString(), eq(List.of(new AwsPort.Hiding("receipt-1", 0))), any());
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                closing.getState() == Thread.State.TIMED_WAITING
                    || closing.getState() == Thread.State.TERMINATED);
    givenBack.complete(List.of(AwsPort.Answer.done(null)));
    closing.join();

    assertThat(early).as("the clients ended before").isFalse();
    assertThat(collector.deliveries).isEmpty();
  }

  /** As where all threads for it are kept by something else. */
  @Test
  void aReplyQueueWhoseDeletionHasNoAnswerDoesNotKeepTheCloseBeyondItsDeadline() {
    try (ScriptedAws aws = new ScriptedAws()) {
      when(aws.topology.createQueue(anyString(), any()))
          .thenReturn(CompletableFuture.completedFuture("http://127.0.0.1/replies"));
      when(aws.topology.deleteQueue(anyString(), any())).thenReturn(new CompletableFuture<>());
      OwnReplyQueue replies = new OwnReplyQueue(aws.port, new Addresses(aws.port));
      replies.create(new Admin(aws.port), new ReplyQueue("requester", "i"), Duration.ofSeconds(30));
      Deadline over = Deadline.in(Duration.ZERO);

      replies.delete(over);

      verify(aws.topology).deleteQueue("http://127.0.0.1/replies", over);
    }
  }

  /** Its client is the user's, so that nothing may cut it off; SDK 2 cancels the call itself. */
  @Test
  void whatAPollOfTheUsersOwnClientBringsAfterTheCloseIsGivenBack() throws IOException {
    try (AwsGateway gateway = new AwsGateway(TestBrokers.aws().uri());
        Aws raw = Aws.connect()) {
      Queue queue = raw.queue(false);
      String endpoint = "http://" + URI.create(gateway.uri()).getAuthority();
      AmazonSQS client =
          AmazonSQSClientBuilder.standard()
              .withCredentials(
                  new AWSStaticCredentialsProvider(new BasicAWSCredentials("key", "secret")))
              .withEndpointConfiguration(new EndpointConfiguration(endpoint, "us-east-1"))
              .withClientConfiguration(new ClientConfiguration().withMaxErrorRetry(0))
              .build();
      Collector collector = new Collector();
      TransportConnection connection =
          Aws.emulator(gateway.uri())
              .sqs(client)
              .visibilityTimeout(Duration.ofMinutes(10))
              .build()
              .connect(Aws.LOADING);
      gateway.hold("ReceiveMessage");
      connection.receive(queue, 10, collector);
      await().atMost(PATIENCE).until(() -> gateway.calls("ReceiveMessage") == 1);

      connection.close();
      raw.sendAndWait(queue, Aws.message("late"));
      gateway.letGo("ReceiveMessage");

      await().atMost(PATIENCE).until(() -> gateway.entries("ChangeMessageVisibilityBatch") == 1);
      await().atMost(PATIENCE).until(() -> !raw.receiveRaw(queue).isEmpty());
      assertThat(collector.deliveries).isEmpty();
      client.shutdown();
    }
  }

  /** On SDK 2 the HTTP client itself waits for its connections to close. */
  @ParameterizedTest
  @EnumSource(AwsSdk.class)
  void callsThatNobodyAnswersDoNotKeepTheClose(AwsSdk sdk) {
    try (FaultProxy proxy =
        FaultProxy.open().forwardTo(URI.create(TestBrokers.aws().uri()).getPort())) {
      Aws aws = Aws.connect(proxy.through(TestBrokers.aws().uri()), sdk);
      Queue queue = aws.queue(true);
      Collector collector = new Collector();
      aws.receive(queue, 20, collector);
      aws.sendAndWait(queue, Aws.message("before", "k"));
      Delivery delivery = collector.next(PATIENCE);

      proxy.hold();
      List<CompletableFuture<?>> unanswered = new ArrayList<>();
      unanswered.add(delivery.settle(Settlement.accept()).toCompletableFuture());
      for (int i = 0; i < 100; i++) {
        unanswered.add(aws.connection.sender().send(queue, Aws.message("x", "k" + i), MINUTES));
      }
      CompletableFuture<Void> closed = CompletableFuture.runAsync(aws.connection::close);

      assertThat(closed).succeedsWithin(PATIENCE);
      assertThat(unanswered).allSatisfy(one -> assertThat(one).isDone());
    }
  }
}
