package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import dev.waybill.error.SendException;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Accept;
import dev.waybill.transport.Settlement.Reject;
import dev.waybill.transport.Settlement.Release;
import dev.waybill.transport.Settlement.Result;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Settles the deliveries of one receiver: each once, and only under the channel it came by. An
 * acceptance is noted on the thread that settles, everything else is done in the receiver's
 * mailbox.
 */
final class Settler {
  /**
   * How long the dead-letter queue may take to confirm; then the message is kept and tried again.
   */
  private static final Duration DEAD_LETTER_LIMIT = Duration.ofSeconds(10);

  private static final Logger log = LoggerFactory.getLogger(Settler.class);

  /** Whether the receiver is stopped. */
  interface Stopped {
    boolean isStopped();

    /** Whether open deliveries go back by the end of the channel, and need no call of their own. */
    boolean goBackAtClose();
  }

  private final Mailbox mailbox;
  private final RabbitPublisher publisher;
  private final Reposts reposts;
  private final String deadLetterQueue;
  private final Stopped stopped;
  private final Map<RabbitDelivery, CompletableFuture<Result>> begun = new ConcurrentHashMap<>();

  Settler(
      Mailbox mailbox,
      RabbitPublisher publisher,
      Reposts reposts,
      String deadLetterQueue,
      Stopped stopped) {
    this.mailbox = mailbox;
    this.publisher = publisher;
    this.reposts = reposts;
    this.deadLetterQueue = deadLetterQueue;
    this.stopped = stopped;
  }

  /**
   * Begins to settle. An acceptance is complete once it is noted here, for it is written within
   * milliseconds, and an acknowledgement that has been written may be lost just as well. From any
   * thread.
   */
  CompletableFuture<Result> settle(RabbitDelivery delivery, Settlement how) {
    CompletableFuture<Result> result = new CompletableFuture<>();
    if (how instanceof Accept) {
      accept(delivery, result);
      return result;
    }
    begun.put(delivery, result);
    CompletableFuture<Result> unused =
        result.whenComplete((done, error) -> begun.remove(delivery, result));
    if (!mailbox.tell(() -> perform(delivery, how, result))) {
      result.complete(Result.NOT_OWNED);
    }
    return result;
  }

  private static void accept(RabbitDelivery delivery, CompletableFuture<Result> result) {
    boolean noted = delivery.session().acknowledge(delivery);
    result.complete(noted ? Result.SETTLED : Result.NOT_OWNED);
  }

  /** Waits for what was begun, at most {@code limit}. */
  void await(Duration limit) {
    CompletableFuture<?>[] all =
        begun.values().stream()
            .map(result -> result.handle((done, error) -> done))
            .toArray(CompletableFuture<?>[]::new);
    try {
      CompletableFuture.allOf(all).get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (TimeoutException e) {
      log.debug("{} settlements were not done within {}", begun.size(), limit);
    } catch (ExecutionException e) {
      throw new IllegalStateException("handled results don't fail", e);
    }
  }

  /** Nothing will be settled any more: what is begun is no longer ours. */
  void abandon() {
    begun.values().forEach(result -> result.complete(Result.NOT_OWNED));
  }

  private void perform(RabbitDelivery delivery, Settlement how, CompletableFuture<Result> result) {
    if (how instanceof Release release) {
      release(delivery, release, result);
    } else if (how instanceof Reject reject) {
      reject(delivery, reject, result);
    }
  }

  private void release(RabbitDelivery delivery, Release release, CompletableFuture<Result> result) {
    if (delivery.isFollowing()) {
      result.complete(Result.SETTLED);
    } else if (!delivery.isOwned()) {
      result.complete(Result.NOT_OWNED);
    } else if (reposts.takes(delivery, release)) {
      storeAnew(delivery, release, 0, result);
    } else if (!release.after().isZero()) {
      long millis = Math.max(release.after().toMillis(), 1);
      mailbox.tellLater(millis, () -> requeue(delivery, release.attemptsMade(), result));
    } else if (stopped.goBackAtClose()) {
      result.complete(Result.SETTLED);
    } else {
      requeue(delivery, release.attemptsMade(), result);
    }
  }

  /** The message waits elsewhere, or further back, and this delivery of it is done with. */
  private void storeAnew(
      RabbitDelivery delivery, Release release, int unknown, CompletableFuture<Result> result) {
    CompletableFuture<String> unused =
        reposts
            .store(delivery, release)
            .whenComplete(
                (receipt, error) -> {
                  if (!mailbox.tell(() -> storedAnew(delivery, release, unknown, error, result))) {
                    result.complete(Result.NOT_OWNED);
                  }
                });
  }

  private void storedAnew(
      RabbitDelivery delivery,
      Release release,
      int unknown,
      @Nullable Throwable error,
      CompletableFuture<Result> result) {
    if (error == null) {
      accept(delivery, result);
    } else if (release.after().isZero() || stopped.isStopped()) {
      log.warn("{} goes back without its attempts", delivery.brokerId(), error);
      requeue(delivery, release.attemptsMade(), result);
    } else {
      int soFar = unknown + (Reposts.mayBeStored(error) ? 1 : 0);
      Duration wait = Reposts.waitAfter(soFar);
      log.warn(
          "{} {} stored for its next attempt; it is kept, and that is tried again after {}",
          delivery.brokerId(),
          Reposts.mayBeStored(error) ? "may or may not be" : "can't be",
          wait,
          error);
      mailbox.tellLater(wait.toMillis(), () -> storeAgain(delivery, release, soFar, result));
    }
  }

  private void storeAgain(
      RabbitDelivery delivery, Release release, int unknown, CompletableFuture<Result> result) {
    if (delivery.isOwned()) {
      storeAnew(delivery, release, unknown, result);
    } else {
      result.complete(Result.NOT_OWNED);
    }
  }

  private void requeue(
      RabbitDelivery delivery, int attemptsMade, CompletableFuture<Result> result) {
    int next = Math.max(delivery.attempt(), attemptsMade + 1);
    delivery.session().notDuringCancel(() -> giveBack(delivery, next, result));
  }

  private void giveBack(
      RabbitDelivery delivery, int nextAttempt, CompletableFuture<Result> result) {
    if (!delivery.isOwned()) {
      result.complete(Result.NOT_OWNED);
      return;
    }
    try {
      delivery.session().giveBack(delivery, nextAttempt, () -> result.complete(Result.SETTLED));
    } catch (IOException | AlreadyClosedException e) {
      log.debug("Lost while it was given back: {}", delivery.brokerId(), e);
      result.complete(Result.NOT_OWNED);
    }
  }

  private void reject(RabbitDelivery delivery, Reject reject, CompletableFuture<Result> result) {
    if (!delivery.isOwned()) {
      result.complete(Result.NOT_OWNED);
      return;
    }
    CompletableFuture<String> stored;
    try {
      stored =
          publisher.publish(
              PendingSend.Target.queue(deadLetterQueue),
              DeadLetters.of(delivery.properties(), reject.evidence()),
              delivery.message().body(),
              DEAD_LETTER_LIMIT);
    } catch (SendException e) {
      result.completeExceptionally(e);
      return;
    }
    CompletableFuture<String> unused =
        stored.whenComplete(
            (receipt, error) -> {
              if (error != null && delivery.isOwned()) {
                result.completeExceptionally(error);
              } else if (error != null) {
                result.complete(Result.NOT_OWNED);
              } else {
                accept(delivery, result);
              }
            });
  }
}
