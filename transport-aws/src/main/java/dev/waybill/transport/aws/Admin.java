package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Makes calls of the port and waits for them. What may pass is tried again: all of these calls may
 * be made twice to no other effect. Calls that fail and the pauses behind them may take so much
 * time in all, whichever calls they are. Throws {@link AwsFailure}. For one thread.
 */
final class Admin {
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  /** A little more than a call has: it may have waited for a thread. */
  private static final Duration LONGEST_CALL = Duration.ofSeconds(12);

  /** How long what was made a moment ago may be unknown to those who are asked for it. */
  private static final Duration UNKNOWN_AT_FIRST = Duration.ofSeconds(5);

  private final AwsPort port;
  private final Duration longestCall;
  private Duration patience;
  private Deadline known = Deadline.in(Duration.ZERO);
  private Deadline usable = Deadline.in(Duration.ZERO);

  Admin(AwsPort port) {
    this(port, PATIENCE, LONGEST_CALL);
  }

  /** With so much time in all. */
  Admin(AwsPort port, Duration time) {
    this(port, time, time);
  }

  private Admin(AwsPort port, Duration patience, Duration longestCall) {
    this.port = port;
    this.patience = patience;
    this.longestCall = longestCall;
  }

  <T> T get(Function<TopologyPort, CompletableFuture<T>> call) {
    return get(call, Admin::mayPass);
  }

  /** A call about a queue that was made here: for some seconds, it may be said not to exist. */
  <T> T getOfMade(Function<TopologyPort, CompletableFuture<T>> call) {
    return get(
        call,
        failure ->
            mayPass(failure)
                || (!known.hasPassed()
                    && (failure.code() == ErrorCode.NOT_FOUND
                        || failure.code() == ErrorCode.BROKER_ERROR)));
  }

  /** Makes a queue, which others that were made here may be attributes of; its URL. */
  String makeQueue(String name, Map<String, String> attributes) {
    String url = getOfMade(any -> any.createQueue(name, attributes));
    known = Deadline.in(UNKNOWN_AT_FIRST);
    usable = Deadline.in(Limits.UNUSABLE_AT_FIRST);
    return url;
  }

  /** Waits until the queues that were made here may be used. */
  void awaitUsable() {
    if (!usable.hasPassed()) {
      pause(usable.remaining(), AwsErrors.noAnswerInTime(new InterruptedException()));
    }
  }

  private <T> T get(
      Function<TopologyPort, CompletableFuture<T>> call, Predicate<AwsFailure> mayPass) {
    Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(2));
    AwsFailure answered = null;
    while (true) {
      Deadline end = Deadline.in(patience);
      try {
        return once(call.apply(port.topology()), Deadline.in(longestCall));
      } catch (AwsFailure e) {
        if (answered == null || !e.isSilence()) {
          answered = e;
        } else {
          answered.addSuppressed(e);
        }
        Duration pause = backoff.next();
        if (!mayPass.test(e) || end.remaining().compareTo(pause) <= 0) {
          throw answered; // says more than that the last call had no answer in its time
        }
        if (e.isAboutExpiredCredentials()) {
          port.renewCredentials();
        }
        pause(pause, e);
        patience = end.remaining();
      }
    }
  }

  /** Waits for one call, made once, whatever keeps its answer. */
  static <T> T once(CompletableFuture<T> call, Deadline until) {
    try {
      return call.get(until.remainingNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw AwsFailure.of(new CompletionException(e.getCause()));
    } catch (TimeoutException e) {
      throw AwsErrors.noAnswerInTime(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw AwsErrors.noAnswerInTime(e);
    }
  }

  /** Where no connection can be made, say, the address is rather wrong. */
  private static boolean mayPass(AwsFailure failure) {
    return failure.isPassing()
        || failure.isWorthAsking()
        || failure.code() == ErrorCode.BROKER_UNAVAILABLE;
  }

  private static void pause(Duration time, AwsFailure failure) {
    try {
      TimeUnit.MILLISECONDS.sleep(time.toMillis() + 1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure;
    }
  }
}
