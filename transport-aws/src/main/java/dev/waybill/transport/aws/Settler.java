package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import dev.waybill.transport.aws.AwsPort.Answer;
import dev.waybill.transport.aws.AwsPort.Hiding;
import dev.waybill.transport.aws.Batcher.Again;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The native calls that settle the deliveries of one source, and renew their leases: put together
 * by ten, those of one message group in order. A call that did nothing, for now, is made again as
 * long as the deliveries are owned, and so is a deletion or a renewal without an answer; a release
 * without an answer, after which others may have the message, a few times.
 */
final class Settler {
  private static final Duration CALL = Duration.ofSeconds(10);
  private static final int MAX_CALLS = 8;

  /** Nobody waits for the settlement of a message without a key. */
  private static final Duration LINGER = Duration.ofMillis(100);

  /** The next message of the key waits for it. */
  private static final Duration KEYED_LINGER = Duration.ofMillis(10);

  private final AwsPort port;
  private final Addresses addresses;
  private final Source source;
  private final AwsSender sender;
  private final Duration lease;
  private final Confirmations confirmations;
  private final Handover handover;
  private final Batcher<SettleTask> deletions;
  private final Batcher<SettleTask> hidings;
  private final Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(2));
  private final LongSupplier nanoTime;
  private volatile @Nullable Deadline troubled; // by a renewal that failed

  /**
   * For the deliveries of {@code source}.
   *
   * @param nanoTime the clock of leases
   * @param handover is told when leases can't be renewed, and when they can again
   * @param idle tells whether nothing is open whose settlement is still to come, so that there is
   *     nothing to wait for
   */
  Settler(
      AwsPort port,
      Addresses addresses,
      Source source,
      AwsSender sender,
      Timer timer,
      Duration lease,
      LongSupplier nanoTime,
      Confirmations confirmations,
      Handover handover,
      BooleanSupplier idle) {
    this.port = port;
    this.addresses = addresses;
    this.source = source;
    this.sender = sender;
    this.lease = lease;
    this.nanoTime = nanoTime;
    this.confirmations = confirmations;
    this.handover = handover;
    Duration linger = source.keyed() ? KEYED_LINGER : LINGER;
    this.deletions =
        new Batcher<>(
            new Batcher.Rules(
                MAX_CALLS,
                Long.MAX_VALUE,
                Batcher.MAX_ENTRIES,
                linger,
                calls -> idle.getAsBoolean()),
            timer,
            this::deleteNow);
    this.hidings =
        new Batcher<>(
            new Batcher.Rules(MAX_CALLS, Long.MAX_VALUE, 1, linger, calls -> false),
            timer,
            this::hideNow);
  }

  Duration lease() {
    return lease;
  }

  /** Completes what others wait for, where they may keep the thread. */
  void tell(Runnable completion) {
    confirmations.execute(completion);
  }

  Queue deadLetterQueue() {
    return source.deadLetterQueue();
  }

  /** Deletes a delivery's message; see {@link SettleTask#answer}. */
  CompletableFuture<Boolean> delete(AwsDelivery delivery) {
    SettleTask task = SettleTask.deletion(delivery);
    deletions.add(task);
    return task.answer();
  }

  /** Hides a delivery's message from now on, or with zero gives it back. */
  CompletableFuture<Boolean> hide(AwsDelivery delivery, Duration time) {
    SettleTask task = SettleTask.hiding(delivery, time);
    hidings.add(task);
    return task.answer();
  }

  /** Hides a delivery's message for another lease, if nobody has settled it meanwhile. */
  CompletableFuture<Boolean> renew(AwsDelivery delivery) {
    SettleTask task = SettleTask.renewal(delivery, lease);
    hidings.add(task);
    return task.answer()
        .whenComplete(
            (done, e) -> {
              if (e != null) {
                troubled = Deadline.in(lease.multipliedBy(2), nanoTime);
                handover.disturbed(Handover.Work.RENEWING, AwsFailure.of(e));
              } else if (done) {
                handover.undisturbed(Handover.Work.RENEWING);
              }
            });
  }

  /**
   * Ends the trouble with renewals when none has failed for two leases: handlers that are quick
   * again need none, so that none shows that it works. What was lost comes again after one lease at
   * most, and fails again by the end of the next.
   */
  void forgetOldTrouble() {
    Deadline until = troubled;
    if (until != null && until.hasPassed()) {
      handover.undisturbed(Handover.Work.RENEWING);
    }
  }

  /** Makes the calls that wait for others to go with. */
  void flush() {
    deletions.flush();
    hidings.flush();
  }

  /**
   * Stores a message in the dead-letter queue while it is ours; completes once SQS has confirmed
   * it.
   */
  CompletableFuture<String> sendToDeadLetters(
      ReceivedMessage message, Map<String, String> evidence, Duration lease) {
    Queue queue = deadLetterQueue();
    return sender
        .forward(queue, WireFormat.deadLetter(message, evidence, source.keyed()), within(lease))
        .whenComplete(
            (id, e) -> {
              if (e != null) {
                addresses.forget((Source) queue);
              }
            });
  }

  /** Stores a copy of a message that is not due yet, while it is ours; see {@link #delete}. */
  CompletableFuture<String> sendLater(ReceivedMessage message, Duration left, Duration lease) {
    return sender.forward(queue(), WireFormat.postponed(message, left), within(lease));
  }

  private static Duration within(Duration lease) {
    return lease.compareTo(CALL) < 0 ? lease : CALL;
  }

  /** The source's queue under the name that makes it the same queue of SQS. */
  private Queue queue() {
    return source instanceof Queue queue ? queue : new Queue(source.name(), source.keyed());
  }

  private CompletableFuture<Again<SettleTask>> deleteNow(List<SettleTask> all) {
    List<SettleTask> tasks = wanted(all);
    List<String> handles = tasks.stream().map(SettleTask::receiptHandle).toList();
    return call(tasks, (url, until) -> port.delete(url, handles, until));
  }

  private CompletableFuture<Again<SettleTask>> hideNow(List<SettleTask> all) {
    List<SettleTask> tasks = wanted(all);
    List<Hiding> hidings = tasks.stream().map(SettleTask::hiding).toList();
    return call(tasks, (url, until) -> port.hide(url, hidings, until));
  }

  /** Makes a call, unless the first of the leases is over before a thread is free for it. */
  private CompletableFuture<Again<SettleTask>> call(
      List<SettleTask> tasks, BiFunction<String, Deadline, CompletableFuture<List<Answer>>> call) {
    if (tasks.isEmpty()) {
      return CompletableFuture.completedFuture(Again.nothing());
    }
    Duration lease = Collections.min(tasks.stream().map(SettleTask::remaining).toList());
    Deadline until = Deadline.in(within(lease));
    return addresses
        .queueUrl(source, until)
        .thenCompose(url -> call.apply(url, until))
        .handle((answers, e) -> e == null ? answered(tasks, answers, false) : failed(tasks, e));
  }

  /** No call is made for what is no longer ours. */
  private static List<SettleTask> wanted(List<SettleTask> tasks) {
    List<SettleTask> wanted = new ArrayList<>();
    for (SettleTask task : tasks) {
      if (task.isWanted()) {
        wanted.add(task);
      } else {
        task.giveUp();
      }
    }
    return wanted;
  }

  private Again<SettleTask> failed(List<SettleTask> tasks, Throwable e) {
    AwsFailure failure = AwsFailure.of(e);
    return answered(tasks, Collections.nCopies(tasks.size(), Answer.failed(failure)), true);
  }

  private Again<SettleTask> answered(
      List<SettleTask> tasks, List<Answer> answers, boolean wholeCall) {
    List<SettleTask> again = new ArrayList<>();
    for (int i = 0; i < tasks.size(); i++) {
      SettleTask task = tasks.get(i);
      AwsFailure failure = answers.get(i).failure();
      if (failure == null) {
        task.answer().complete(true);
      } else if (task.isWanted() && task.isToBeRepeated(failure)) {
        if (failure.isAboutExpiredCredentials() && again.isEmpty()) {
          port.renewCredentials();
        }
        again.add(task);
      } else if (failure.fate() == AwsFailure.Fate.LEASE_LOST || task.isNeedless()) {
        task.answer().complete(false);
      } else {
        if (failure.code() == ErrorCode.NOT_FOUND) {
          addresses.forget(source);
        }
        task.fail(failure);
      }
    }
    if (again.isEmpty()) {
      backoff.reset();
      return Again.nothing();
    }
    return new Again<>(again, backoff.next(), wholeCall);
  }

  /** The error of a settlement that was not done. */
  static MessagingException failed(String what, Throwable e) {
    Throwable cause = e instanceof CompletionException && e.getCause() != null ? e.getCause() : e;
    return cause instanceof MessagingException known
        ? new MessagingException(known.code(), what + ": " + known.getMessage(), known)
        : AwsFailure.of(cause).asMessagingException(what);
  }
}
