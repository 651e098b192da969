package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.routing.Source;
import dev.waybill.transport.aws.AwsPort.Poll;
import dev.waybill.transport.aws.Handover.Work;
import dev.waybill.transport.aws.OpenDeliveries.Room;
import dev.waybill.transport.aws.PollAttempts.Attempt;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks SQS for messages while there is room, and hands them to the listener. One thread decides
 * when to ask; the answers come on the port's threads, and are handed over one at a time.
 */
final class PollLoop implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(PollLoop.class);

  /** The longest wait that SQS has, for a receiver with nothing to do. */
  private static final Duration LONGEST_POLL = Duration.ofSeconds(20);

  /**
   * What a stop can wait for: a poll beside open deliveries would get what the stop gives back, and
   * the attempt would count.
   */
  private static final Duration POLL_BESIDE_WORK = Duration.ofSeconds(2);

  /** What must be left of a lease when a poll's wait is over. */
  private static final Duration LEASE_AFTER_POLL = Duration.ofSeconds(10);

  private static final Duration LOOKUP = Duration.ofSeconds(5);

  private final AwsPort port;
  private final Addresses addresses;
  private final Source source;
  private final Handover handover;
  private final OpenDeliveries open;
  private final Settler settler;
  private final Duration lease;
  private final LongSupplier nanoTime;
  private final Intake intake;
  private final UnderWay polls;
  private final Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5));
  private final PollAttempts attempts;
  private volatile @Nullable Duration pause; // after a failure
  private volatile boolean asked;

  /**
   * For one source.
   *
   * @param settler whose lease is how long what a poll brings is hidden from others
   * @param nanoTime the clock of leases
   * @param polls of the connection
   */
  PollLoop(
      AwsPort port,
      Addresses addresses,
      Source source,
      Handover handover,
      OpenDeliveries open,
      Settler settler,
      LongSupplier nanoTime,
      Intake intake,
      UnderWay polls) {
    this.port = port;
    this.addresses = addresses;
    this.source = source;
    this.handover = handover;
    this.open = open;
    this.settler = settler;
    this.lease = settler.lease();
    this.nanoTime = nanoTime;
    this.attempts = new PollAttempts(nanoTime);
    this.intake = intake;
    this.polls = polls;
  }

  @Override
  public void run() {
    while (!handover.isStopped()) {
      try {
        turn();
      } catch (InterruptedException e) {
        // only stop() ends the loop
        log.debug("The receiver of {} was interrupted", source);
      } catch (Throwable bug) { // would end the receiver for ever
        pause = backoff.next();
        log.error("The receiver of {} goes on after an error", source, bug);
      }
    }
  }

  private void turn() throws InterruptedException {
    Room room = open.awaitRoom();
    if (room.max() == 0) {
      return;
    }
    boolean polling = false;
    try {
      Duration time = pause;
      if (time != null) {
        pause = null;
        handover.rest(time);
      }
      polling = !handover.isStopped();
    } finally {
      if (!polling) {
        open.polled(room, 0);
      }
    }
    if (polling) {
      poll(room);
    }
  }

  /** Nothing is handed over any more after the return. */
  void stop() {
    handover.stop();
    open.end();
  }

  private void poll(Room room) {
    Deadline hidden = Deadline.in(lease, nanoTime);
    Attempt attempt = attempts.next(room.max());
    CompletableFuture<Void> over = new CompletableFuture<>();
    polls.add(over);
    var unused =
        received(room, attempt)
            .whenComplete((messages, e) -> polled(room, hidden, attempt, messages, e, over));
  }

  private CompletableFuture<List<ReceivedMessage>> received(Room room, Attempt attempt) {
    Duration waiting = wait(room, lease, asked);
    String id = source.keyed() ? attempt.id() : null;
    try {
      return addresses
          .queueUrl(source, Deadline.in(LOOKUP))
          .thenCompose(url -> port.receive(new Poll(url, attempt.max(), waiting, lease, id)));
    } catch (Throwable bug) { // the poll has to end in any case
      return CompletableFuture.failedFuture(bug);
    }
  }

  private void polled(
      Room room,
      Deadline hidden,
      Attempt attempt,
      @Nullable List<ReceivedMessage> messages,
      @Nullable Throwable e,
      CompletableFuture<Void> over) {
    int received = 0;
    CompletableFuture<Void> taken = CompletableFuture.completedFuture(null);
    try {
      if (messages != null) {
        received = messages.size();
        asked = true;
        open.answered(messages.isEmpty());
        backoff.reset();
        handover.undisturbed(Work.RECEIVING);
        if (messages.isEmpty() && room.isIdle()) { // so there is no lease to renew
          handover.undisturbed(Work.RENEWING);
        } else {
          settler.forgetOldTrouble();
        }
        taken = intake.take(messages, hidden);
      } else if (e != null) {
        AwsFailure failure = AwsFailure.of(e);
        if (source.keyed()) {
          attempts.failed(attempt, failure);
        }
        disturbed(failure);
      }
    } catch (Throwable bug) { // would go unseen
      log.error("What was received from {} could not be handed over", source, bug);
    }
    int brought = received;
    var unused =
        taken.whenComplete(
            (done, failure) -> {
              open.polled(room, brought);
              over.complete(null);
            });
  }

  private void disturbed(AwsFailure failure) {
    if (failure.code() == ErrorCode.NOT_FOUND) {
      addresses.forget(source);
    }
    if (failure.isAboutExpiredCredentials()) {
      port.renewCredentials();
    }
    pause = backoff.next();
    handover.disturbed(Work.RECEIVING, failure);
  }

  /**
   * Whole seconds; well within the lease, whose clock starts with the request. The first is a short
   * one, so that it is soon known that there is nothing.
   */
  static Duration wait(Room room, Duration lease, boolean asked) {
    Duration quarter = lease.dividedBy(4);
    Duration most = lease.minus(LEASE_AFTER_POLL);
    Duration allowed = most.compareTo(quarter) > 0 ? most : quarter;
    Duration longest = room.isIdle() && asked ? LONGEST_POLL : POLL_BESIDE_WORK;
    return Duration.ofSeconds((allowed.compareTo(longest) < 0 ? allowed : longest).toSeconds());
  }
}
