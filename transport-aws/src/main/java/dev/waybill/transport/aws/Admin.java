package dev.waybill.transport.aws;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/**
 * Makes calls of the port and waits for them. What may pass is tried again for a while: all of
 * these calls may be made twice to no other effect. Throws {@link AwsFailure}.
 */
final class Admin {
  private static final Duration PATIENCE = Duration.ofSeconds(15);
  private static final Duration LONGEST_CALL = Duration.ofSeconds(30);

  private final AwsPort port;

  Admin(AwsPort port) {
    this.port = port;
  }

  <T> T get(Function<TopologyPort, CompletableFuture<T>> call) {
    Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(2));
    Deadline patience = Deadline.in(PATIENCE);
    while (true) {
      try {
        return once(call.apply(port.topology()));
      } catch (AwsFailure e) {
        Duration pause = backoff.next();
        if (!e.mayPass() || patience.remaining().compareTo(pause) <= 0) {
          throw e;
        }
        if (e.isAboutExpiredCredentials()) {
          port.renewCredentials();
        }
        pause(pause, e);
      }
    }
  }

  /** Waits for one call, made once. */
  static <T> T once(CompletableFuture<T> call) {
    try {
      return call.get(LONGEST_CALL.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw AwsFailure.of(new CompletionException(e.getCause()));
    } catch (TimeoutException e) {
      throw AwsErrors.noAnswerInTime(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw AwsErrors.noAnswerInTime(e);
    }
  }

  private static void pause(Duration time, AwsFailure failure) {
    try {
      TimeUnit.MILLISECONDS.sleep(time.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure;
    }
  }
}
