package dev.waybill.transport.aws;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.services.sns.SnsAsyncClient;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;

/**
 * Calls of the clients of SDK 2, which do not block. A few threads begin them, because looking up
 * credentials may block.
 */
final class Sdk2Calls {
  private static final int THREADS = 4;

  private final Sdk2Clients clients;
  private final ExecutorService threads = Threads.pool("call", THREADS);
  private final Timer timer = new Timer("deadline");
  private final CallPool calls = new CallPool(threads, Sdk2Errors::translate, timer);
  private final CallPool polls = new CallPool(threads, Sdk2Errors::translate, timer);

  Sdk2Calls(Sdk2Clients clients) {
    this.clients = clients;
  }

  <T> CompletableFuture<T> sqs(
      Deadline until, Function<SqsAsyncClient, CompletableFuture<T>> call) {
    return calls.begin(until, () -> call.apply(clients.sqs()), late -> {});
  }

  /** A call that waits for messages; {@code late} has those that come after its end. */
  <T> CompletableFuture<T> poll(
      Deadline until, Function<SqsAsyncClient, CompletableFuture<T>> call, Consumer<T> late) {
    return polls.begin(until, () -> call.apply(clients.sqs()), late);
  }

  void endPolls() {
    polls.end();
  }

  <T> CompletableFuture<T> sns(
      Deadline until, Function<SnsAsyncClient, CompletableFuture<T>> call) {
    return calls.begin(until, () -> call.apply(clients.sns()), late -> {});
  }

  CompletableFuture<Boolean> checkCredentials(Deadline until) {
    return calls.call(until, clients::checkCredentials);
  }

  /**
   * A request's own time, where a ready-made client may have a shorter one than it needs. Ours have
   * none: the SDK keeps a timer of its own for each call, also for long after the call.
   */
  @Nullable AwsRequestOverrideConfiguration within(Deadline until) {
    return clients.areReadyMade() ? limited(until) : null;
  }

  /** A request's own time, which ends it. */
  static AwsRequestOverrideConfiguration limited(Deadline until) {
    Duration least = Duration.ofMillis(1);
    Duration left = until.remaining();
    Duration timeout = left.compareTo(least) < 0 ? least : left;
    return AwsRequestOverrideConfiguration.builder()
        .apiCallTimeout(timeout)
        .apiCallAttemptTimeout(timeout)
        .build();
  }

  /** Ends the calls under way, then the clients. */
  void close() {
    Deadline deadline = Deadline.in(Duration.ofSeconds(1));
    polls.end();
    calls.close();
    timer.close();
    clients.close(deadline);
    calls.awaitTermination(deadline);
    timer.awaitTermination(deadline);
  }
}
