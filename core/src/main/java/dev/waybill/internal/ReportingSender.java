package dev.waybill.internal;

import dev.waybill.SendReceipt;
import dev.waybill.transport.Sender;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells what became of each send, before its future completes. */
final class ReportingSender extends ConfirmedSender {
  private static final Logger LOG = LoggerFactory.getLogger(ReportingSender.class);

  private final SendReports reports;

  ReportingSender(
      BusPlan plan,
      Sender sender,
      ScheduledExecutorService timer,
      Executor late,
      SendReports reports) {
    super(plan, sender, timer, late);
    this.reports = reports;
  }

  @Override
  CompletableFuture<SendReceipt> send(Prepared message, Duration deadline) {
    long begun = System.nanoTime();
    return told(
        super.send(message, deadline),
        (receipt, failure) ->
            reports.answered(message.channel(), message.message(), begun, receipt, failure));
  }

  @Override
  CompletableFuture<List<String>> sendTogether(List<Prepared> messages) {
    long begun = System.nanoTime();
    return told(
        super.sendTogether(messages),
        (brokerIds, failure) -> {
          for (int i = 0; i < messages.size(); i++) {
            Prepared one = messages.get(i);
            SendReceipt receipt =
                brokerIds == null
                    ? null
                    : new SendReceipt(one.id(), one.channel(), brokerIds.get(i));
            reports.answered(one.channel(), one.message(), begun, receipt, failure);
          }
        });
  }

  /** A future that fails as the given one does, without another exception around. */
  private static <R> CompletableFuture<R> told(
      CompletableFuture<R> answer, BiConsumer<@Nullable R, @Nullable Throwable> report) {
    CompletableFuture<R> told = new CompletableFuture<>();
    var unused =
        answer.whenComplete(
            (result, failure) -> {
              try {
                report.accept(result, failure);
              } catch (RuntimeException e) { // must not keep the answer from whoever waits for it
                LOG.warn("What became of a send is not told", e);
              }
              if (failure == null) {
                told.complete(result);
              } else {
                told.completeExceptionally(failure);
              }
            });
    return told;
  }
}
