package dev.waybill.transport.aws;

import static java.util.concurrent.CompletableFuture.completedFuture;
import static java.util.concurrent.CompletableFuture.failedFuture;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.Mockito.timeout;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.aws.AwsFailure.Fate;
import dev.waybill.transport.aws.AwsPort.Answer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What becomes of answers of AWS that no emulator gives when a test wants them. */
class PortAnswersTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Queue QUEUE = new Queue("q", false);

  private static final AwsFailure UNKNOWN =
      new AwsFailure(ErrorCode.CONNECTION_FAILED, Fate.UNKNOWN, "on purpose", null);

  private final ScriptedAws aws = new ScriptedAws();

  @AfterEach
  void close() {
    aws.close();
  }

  private static ReceivedMessage early(int number) {
    String due = String.valueOf(Instant.now().plus(Duration.ofHours(1)).toEpochMilli());
    return new ReceivedMessage(
        "m-" + number,
        "receipt-" + number,
        "x",
        Map.of(WireFormat.DUE, NativeAttribute.string(due)),
        null,
        1);
  }

  private static ReceivedMessage receivedFor(int times) {
    return new ReceivedMessage("m-" + times, "receipt-" + times, "x", Map.of(), null, times);
  }

  @Test
  void whatIsNotDueTakesCreditUntilItIsBackAndIsDeletedTogether() {
    int messages = 50;
    AtomicInteger handedOut = new AtomicInteger();
    AtomicInteger open = new AtomicInteger();
    AtomicInteger mostOpen = new AtomicInteger();
    AtomicInteger deletions = new AtomicInteger();
    BlockingQueue<Runnable> stores = new LinkedBlockingQueue<>();
    when(aws.port.receive(any()))
        .thenAnswer(
            call -> {
              AwsPort.Poll poll = call.getArgument(0);
              List<ReceivedMessage> found = new ArrayList<>();
              while (found.size() < poll.max() && handedOut.get() < messages) {
                found.add(early(handedOut.incrementAndGet()));
              }
              mostOpen.accumulateAndGet(open.addAndGet(found.size()), Math::max);
              return found.isEmpty() ? aws.waiting : completedFuture(found);
            });
    when(aws.port.send(anyString(), any(), any()))
        .thenAnswer(
            call -> {
              List<?> entries = call.getArgument(1);
              CompletableFuture<List<Answer>> answer = new CompletableFuture<>();
              stores.add(() -> answer.complete(ScriptedAws.allDone(entries).join()));
              return answer;
            });
    when(aws.port.delete(anyString(), any(), any()))
        .thenAnswer(
            call -> {
              List<?> entries = call.getArgument(1);
              deletions.incrementAndGet();
              open.addAndGet(-entries.size());
              return ScriptedAws.allDone(entries);
            });

    aws.connection.receive(QUEUE, 5, new Collector());
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(5))
        .until(
            () -> {
              Runnable store = stores.poll();
              if (store != null) {
                store.run();
              }
              return handedOut.get() == messages && open.get() == 0;
            });

    assertThat(mostOpen).hasValue(5);
    assertThat(deletions).hasValueLessThan(messages);
  }

  @Test
  void aDeletionOfWhatWasPutBackIsMadeAgainWhenItsEntryWasThrottled() {
    Answer throttled =
        Answer.failed(new AwsFailure(ErrorCode.THROTTLED, Fate.NOT_NOW, "on purpose", null));
    when(aws.port.delete(anyString(), any(), any()))
        .thenReturn(completedFuture(List.of(throttled)))
        .thenAnswer(call -> ScriptedAws.allDone(call.getArgument(1)));
    aws.receiving(early(1));

    aws.connection.receive(QUEUE, 5, new Collector());

    verify(aws.port, timeout(PATIENCE.toMillis()).times(2))
        .delete(anyString(), org.mockito.ArgumentMatchers.eq(List.of("receipt-1")), any());
    verify(aws.port, times(1)).send(anyString(), any(), any());
  }

  @Test
  void aSettlementIsMadeAgainForAsLongAsNoConnectionIsMade() {
    AwsFailure refused =
        new AwsFailure(ErrorCode.CONNECTION_FAILED, Fate.NOT_EXECUTED, "on purpose", null);
    when(aws.port.delete(anyString(), any(), any()))
        .thenReturn(failedFuture(refused))
        .thenReturn(failedFuture(refused))
        .thenReturn(failedFuture(refused))
        .thenReturn(failedFuture(refused))
        .thenAnswer(call -> ScriptedAws.allDone(call.getArgument(1)));
    Delivery delivery = aws.receiving(receivedFor(1)).deliveries(QUEUE, 1).get(0);

    assertThat(Aws.settle(delivery, Settlement.accept())).isEqualTo(Result.SETTLED);
  }

  @Test
  void aSettlementIsMadeAgainForAsLongAsThereAreNoCredentials() {
    AwsFailure none = AwsErrors.noCredentials(new IllegalStateException("on purpose"));
    when(aws.port.delete(anyString(), any(), any()))
        .thenReturn(failedFuture(none))
        .thenReturn(failedFuture(none))
        .thenAnswer(call -> ScriptedAws.allDone(call.getArgument(1)));
    Delivery delivery = aws.receiving(receivedFor(1)).deliveries(QUEUE, 1).get(0);

    assertThat(Aws.settle(delivery, Settlement.accept())).isEqualTo(Result.SETTLED);
  }

  @Test
  void aDeletionThatMayHaveBeenDoneIsMadeAgainForAsLongAsTheLeaseLasts() {
    when(aws.port.delete(anyString(), any(), any()))
        .thenReturn(failedFuture(UNKNOWN))
        .thenReturn(failedFuture(UNKNOWN))
        .thenReturn(failedFuture(UNKNOWN))
        .thenReturn(failedFuture(UNKNOWN))
        .thenAnswer(call -> ScriptedAws.allDone(call.getArgument(1)));
    Delivery delivery = aws.receiving(receivedFor(1)).deliveries(QUEUE, 1).get(0);

    assertThat(Aws.settle(delivery, Settlement.accept())).isEqualTo(Result.SETTLED);
  }

  @Test
  void aRenewalThatMayHaveBeenDoneIsMadeAgainForAsLongAsTheLeaseLasts() {
    when(aws.port.hide(anyString(), any(), any())).thenReturn(failedFuture(UNKNOWN));
    Delivery delivery = aws.receiving(receivedFor(1)).deliveries(QUEUE, 1).get(0);

    aws.advance(ScriptedAws.LEASE.dividedBy(3));
    delivery.renewLease();

    verify(aws.port, timeout(PATIENCE.toMillis()).atLeast(5)).hide(anyString(), any(), any());
    assertThat(Aws.settle(delivery, Settlement.accept())).isEqualTo(Result.SETTLED);
  }

  @Test
  void aReleaseThatMayHaveBeenDoneIsMadeAgainTwiceAsOthersMayHaveTheMessage() {
    when(aws.port.hide(anyString(), any(), any())).thenReturn(failedFuture(UNKNOWN));
    Delivery delivery = aws.receiving(receivedFor(1)).deliveries(QUEUE, 1).get(0);

    assertThat(delivery.settle(new Settlement.Release(Duration.ZERO, 1)).toCompletableFuture())
        .failsWithin(PATIENCE);

    verify(aws.port, times(3)).hide(anyString(), any(), any());
  }

  /** It may take longer than a lease to store it, while SQS throttles. */
  @Test
  void aLeaseIsRenewedWhileTheDeadLetterIsBeingStoredAndNotWhileTheMessageIsDeleted() {
    CompletableFuture<List<Answer>> storing = new CompletableFuture<>();
    CompletableFuture<List<Answer>> deleting = new CompletableFuture<>();
    when(aws.port.send(anyString(), any(), any())).thenReturn(storing);
    when(aws.port.delete(anyString(), any(), any())).thenReturn(deleting);
    Delivery delivery = aws.receiving(receivedFor(1)).deliveries(QUEUE, 1).get(0);
    CompletableFuture<Result> settled =
        delivery.settle(new Settlement.Reject("no", Map.of())).toCompletableFuture();
    verify(aws.port, timeout(PATIENCE.toMillis())).send(anyString(), any(), any());

    aws.advance(ScriptedAws.LEASE.dividedBy(3));
    delivery.renewLease();
    verify(aws.port, timeout(PATIENCE.toMillis())).hide(anyString(), any(), any());
    storing.complete(List.of(Answer.done("dead")));
    verify(aws.port, timeout(PATIENCE.toMillis())).delete(anyString(), any(), any());
    aws.advance(ScriptedAws.LEASE.dividedBy(3));
    delivery.renewLease();
    deleting.complete(List.of(Answer.done(null)));

    assertThat(settled).succeedsWithin(PATIENCE).isEqualTo(Result.SETTLED);
    verify(aws.port, times(1)).hide(anyString(), any(), any());
  }

  @Test
  void aSendWhoseAnswerIsNotUnderstoodIsUnknown() {
    when(aws.port.send(anyString(), any(), any())).thenThrow(new IllegalStateException("a bug"));

    assertThat(aws.connection.sender().send(QUEUE, Aws.message("x"), PATIENCE))
        .failsWithin(PATIENCE)
        .withThrowableThat()
        .havingCause()
        .isInstanceOfSatisfying(
            SendException.class, e -> assertThat(e.certainty()).isEqualTo(Certainty.UNKNOWN));
  }

  @Test
  void aReceiverGoesOnAfterAnError() {
    when(aws.port.queueUrl(anyString(), any()))
        .thenThrow(new NoClassDefFoundError("on purpose"))
        .thenReturn(completedFuture("http://127.0.0.1/q"));
    aws.receiving(receivedFor(1));

    assertThat(aws.deliveries(QUEUE, 1)).hasSize(1);
  }

  @Test
  void theLastAttemptIsThatOfTheQueuesOwnRedrivePolicy() {
    when(aws.port.queueUrl(eq(Names.queue(QUEUE.deadLetterQueue())), any()))
        .thenReturn(completedFuture("http://127.0.0.1/letters"));
    when(aws.topology.queueAttributes(eq("http://127.0.0.1/letters"), any()))
        .thenReturn(completedFuture(Map.of("QueueArn", "arn-of-letters")));
    when(aws.topology.queueAttributes(eq("http://127.0.0.1/q"), any()))
        .thenReturn(
            completedFuture(
                Map.of("QueueArn", "arn", "RedrivePolicy", "{\"maxReceiveCount\":\"25\"}")));
    assertThat(aws.connection.prepare(Aws.topology(List.of(QUEUE), List.of(QUEUE)), Mode.VERIFY))
        .isEmpty();
    aws.receiving(receivedFor(24), receivedFor(25));

    List<Delivery> deliveries = aws.deliveries(QUEUE, 2);

    assertThat(deliveries.get(0).isLastAllowed()).isFalse();
    assertThat(deliveries.get(1).isLastAllowed()).isTrue();
  }
}
