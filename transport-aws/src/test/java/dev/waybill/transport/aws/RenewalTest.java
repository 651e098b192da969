package dev.waybill.transport.aws;

import static dev.waybill.transport.aws.AwsPort.Answer.failed;
import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.timeout;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What SQS answers to calls about leases. */
class RenewalTest {
  private static final Queue QUEUE = new Queue("q", false);
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration OLD = ScriptedAws.LEASE.dividedBy(2);

  private static AwsFailure denied() {
    return AwsErrors.entry("AccessDenied", true, "no ChangeMessageVisibility");
  }

  private static CompletableFuture<List<AwsPort.Answer>> all(
      @Nullable List<?> entries, AwsFailure failure) {
    int count = entries == null ? 0 : entries.size(); // who stubs once more calls without any
    return completedFuture(Collections.nCopies(count, failed(failure)));
  }

  @Test
  void leasesThatCantBeRenewedAreATroubleOfTheReceiverUntilTheyCan() {
    Queue own = new Queue(Aws.unique("q"), false);
    try (ScriptedAws aws =
            new ScriptedAws()
                .receiving(ScriptedAws.received("1", "g"), ScriptedAws.received("2", "g"));
        LogCapture log = LogCapture.of(Handover.class)) {
      when(aws.port.hide(anyString(), any(), any()))
          .thenAnswer(call -> all(call.getArgument(1), denied()));
      Collector collector = new Collector();
      aws.connection.receive(own, 10, collector);
      List<Delivery> both = collector.next(2);
      aws.advance(OLD);

      for (int i = 0; i < 2; i++) { // as each renewal is refused
        both.get(i).renewLease();
      }

      await().atMost(PATIENCE).until(() -> !collector.failures.isEmpty());
      MessagingException trouble = collector.failures.get(0);
      assertThat(trouble.code()).isEqualTo(ErrorCode.NOT_AUTHORISED);
      assertThat(trouble).hasMessageContaining("leases can't be renewed");
      when(aws.port.hide(anyString(), any(), any()))
          .thenAnswer(call -> ScriptedAws.allDone(call.getArgument(1)));
      await()
          .atMost(PATIENCE)
          .until(
              () -> {
                both.get(0).renewLease();
                return collector.recoveries.get() == 1;
              });
      assertThat(collector.failures).hasSize(1);
      assertThat(log.lines())
          .filteredOn(line -> line.startsWith("WARN") && line.contains(own.name()))
          .hasSize(1);
    }
  }

  @Test
  void theTroubleIsOverWhenThereIsNothingToRenew() {
    try (ScriptedAws aws = new ScriptedAws()) {
      CompletableFuture<List<ReceivedMessage>> beside = new CompletableFuture<>();
      when(aws.port.receive(any()))
          .thenReturn(completedFuture(List.of(ScriptedAws.received("1", "g"))))
          .thenReturn(beside)
          .thenReturn(completedFuture(List.of()))
          .thenReturn(aws.waiting);
      when(aws.port.hide(anyString(), any(), any()))
          .thenAnswer(call -> all(call.getArgument(1), denied()));
      Collector collector = new Collector();
      aws.connection.receive(QUEUE, 10, collector);
      Delivery delivery = collector.next();
      aws.advance(OLD);
      delivery.renewLease();
      await().atMost(PATIENCE).until(() -> collector.failures.size() == 1);

      assertThat(Aws.settle(delivery, Settlement.accept())).isEqualTo(Result.SETTLED);
      beside.complete(List.of()); // and then an idle one

      await().atMost(PATIENCE).until(() -> collector.recoveries.get() == 1);
    }
  }

  @Test
  void theTroubleIsOverOnceNoRenewalHasFailedForTwoLeases() {
    try (ScriptedAws aws = new ScriptedAws()) {
      CompletableFuture<List<ReceivedMessage>> soon = new CompletableFuture<>();
      CompletableFuture<List<ReceivedMessage>> late = new CompletableFuture<>();
      when(aws.port.receive(any()))
          .thenReturn(completedFuture(List.of(ScriptedAws.received("1", "g"))))
          .thenReturn(soon)
          .thenReturn(late)
          .thenReturn(aws.waiting);
      when(aws.port.hide(anyString(), any(), any()))
          .thenAnswer(call -> all(call.getArgument(1), denied()));
      Collector collector = new Collector();
      aws.connection.receive(QUEUE, 10, collector);
      Delivery slow = collector.next();
      aws.advance(OLD);
      slow.renewLease();
      await().atMost(PATIENCE).until(() -> collector.failures.size() == 1);
      assertThat(Aws.settle(slow, Settlement.accept())).isEqualTo(Result.SETTLED);

      soon.complete(List.of(ScriptedAws.received("2", "g"))); // from here on handlers are quick

      assertThat(Aws.settle(collector.next(), Settlement.accept())).isEqualTo(Result.SETTLED);
      assertThat(collector.recoveries).hasValue(0);
      aws.advance(ScriptedAws.LEASE.multipliedBy(2));
      late.complete(List.of(ScriptedAws.received("3", "g")));
      await().atMost(PATIENCE).until(() -> collector.recoveries.get() == 1);
    }
  }

  @Test
  void aRenewalThatFailsForWhatIsSettledMeanwhileIsNoTrouble() {
    CompletableFuture<Void> answer = new CompletableFuture<>();
    Map<String, AwsFailure> failures =
        Map.of(
            "receipt-1", AwsErrors.answered("ThrottlingException", 400, "slowly", "id", null),
            "receipt-2", AwsErrors.silent(),
            "receipt-3", denied());
    try (ScriptedAws aws =
        new ScriptedAws()
            .receiving(
                ScriptedAws.received("1", "g"),
                ScriptedAws.received("2", "g"),
                ScriptedAws.received("3", "g"),
                ScriptedAws.received("4", "g"))) {
      when(aws.port.hide(anyString(), any(), any()))
          .thenAnswer(
              call -> {
                List<AwsPort.Hiding> entries = call.getArgument(1);
                return answer.thenApply(now -> answers(entries, failures));
              });
      Collector collector = new Collector();
      aws.connection.receive(QUEUE, 10, collector);
      List<Delivery> four = collector.next(4);
      aws.advance(OLD);
      four.forEach(Delivery::renewLease);
      verify(aws.port, timeout(PATIENCE.toMillis()).atLeastOnce()).hide(anyString(), any(), any());

      for (Delivery done : four.subList(0, 3)) {
        assertThat(Aws.settle(done, Settlement.accept())).isEqualTo(Result.SETTLED);
      }
      answer.complete(null);

      AwsDelivery last = (AwsDelivery) four.get(3); // whose answer comes after the others
      await().atMost(PATIENCE).until(last::isFresh);
      assertThat(collector.failures).isEmpty();
    }
  }

  private static List<AwsPort.Answer> answers(
      List<AwsPort.Hiding> entries, Map<String, AwsFailure> failures) {
    return entries.stream()
        .map(entry -> failures.get(entry.receiptHandle()))
        .map(failure -> failure == null ? AwsPort.Answer.done("id") : failed(failure))
        .toList();
  }

  @Test
  void aLeaseThatRanOutWhileItsRenewalWasThrottledIsATrouble() {
    AwsFailure throttled = AwsErrors.answered("ThrottlingException", 400, "slowly", "id", null);
    try (ScriptedAws aws = new ScriptedAws().receiving(ScriptedAws.received("1", "g"))) {
      when(aws.port.hide(anyString(), any(), any()))
          .thenAnswer(call -> all(call.getArgument(1), throttled));
      Collector collector = new Collector();
      aws.connection.receive(QUEUE, 10, collector);
      Delivery delivery = collector.next();
      aws.advance(OLD);
      delivery.renewLease();
      verify(aws.port, timeout(PATIENCE.toMillis()).atLeast(2)).hide(anyString(), any(), any());
      assertThat(collector.failures).isEmpty();

      aws.advance(OLD);

      await().atMost(PATIENCE).until(() -> collector.failures.size() == 1);
      assertThat(collector.failures.get(0).code()).isEqualTo(ErrorCode.THROTTLED);
      assertThat(delivery.isOwned()).isFalse();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "ReceiptHandleIsInvalid,The input receipt handle is invalid.",
    "AWS.SimpleQueueService.MessageNotInflight,The message is not in flight.",
    "InvalidParameterValue,Value r for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
  })
  void aHandleThatSqsTakesNoMoreIsALostLease(String code, String text) {
    AwsFailure gone = AwsErrors.entry(code, true, text);
    try (ScriptedAws aws =
        new ScriptedAws()
            .receiving(ScriptedAws.received("1", "g"), ScriptedAws.received("2", "g"))) {
      when(aws.port.hide(anyString(), any(), any()))
          .thenAnswer(call -> all(call.getArgument(1), gone));
      when(aws.port.delete(anyString(), any(), any()))
          .thenAnswer(call -> all(call.getArgument(1), gone));
      Collector collector = new Collector();
      aws.connection.receive(QUEUE, 10, collector);
      List<Delivery> both = collector.next(2);
      aws.advance(OLD);

      both.get(0).renewLease();

      await().atMost(PATIENCE).until(() -> !both.get(0).isOwned());
      assertThat(Aws.settle(both.get(1), Settlement.accept())).isEqualTo(Result.NOT_OWNED);
      assertThat(both.get(1).isOwned()).isFalse();
      assertThat(collector.failures).isEmpty();
    }
  }
}
