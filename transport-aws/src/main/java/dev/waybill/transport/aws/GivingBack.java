package dev.waybill.transport.aws;

import dev.waybill.routing.Source;
import dev.waybill.transport.aws.AwsPort.Answer;
import dev.waybill.transport.aws.AwsPort.Hiding;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives messages of a source back that nobody handles here, so that others get them before their
 * lease is over; if that fails they come back with it.
 */
final class GivingBack {
  private static final Logger log = LoggerFactory.getLogger(GivingBack.class);
  private static final Duration CALL = Duration.ofSeconds(10);

  private final AwsPort port;
  private final Addresses addresses;
  private final Source source;

  GivingBack(AwsPort port, Addresses addresses, Source source) {
    this.port = port;
    this.addresses = addresses;
    this.source = source;
  }

  /** Blocks until it is done, or the deadline. Never throws. */
  void now(List<String> receiptHandles, Deadline deadline) {
    try {
      begin(receiptHandles, deadline).get(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException | TimeoutException e) {
      log.debug("Messages of the {} come back with their lease", source, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Without waiting; completes when it is over. Never fails. */
  CompletableFuture<Void> begin(List<String> receiptHandles) {
    return begin(receiptHandles, Deadline.in(CALL));
  }

  private CompletableFuture<Void> begin(List<String> receiptHandles, Deadline until) {
    List<CompletableFuture<?>> calls = new ArrayList<>();
    for (int i = 0; i < receiptHandles.size(); i += Batcher.MAX_ENTRIES) {
      int end = Math.min(receiptHandles.size(), i + Batcher.MAX_ENTRIES);
      calls.add(some(receiptHandles.subList(i, end), until));
    }
    return CompletableFuture.allOf(calls.toArray(CompletableFuture<?>[]::new));
  }

  private CompletableFuture<?> some(List<String> receiptHandles, Deadline until) {
    List<Hiding> hidings = receiptHandles.stream().map(handle -> new Hiding(handle, 0)).toList();
    return addresses
        .queueUrl(source, until)
        .thenCompose(url -> port.hide(url, hidings, until))
        .thenAccept(GivingBack::check)
        .exceptionally(
            e -> {
              log.debug("Messages of the {} come back with their lease", source, e);
              return null;
            });
  }

  private static void check(List<Answer> answers) {
    for (Answer answer : answers) {
      if (answer.failure() != null) {
        throw answer.failure();
      }
    }
  }
}
