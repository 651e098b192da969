package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.routing.Source;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.WireMessage;
import dev.waybill.transport.aws.AwsPort.Poll;
import dev.waybill.transport.aws.OpenDeliveries.Room;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
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
  private final Timer timer;
  private final boolean wrapped;
  private final int maxReceives;
  private final Clock clock;
  private final Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5));
  private final AtomicReference<@Nullable String> unanswered = new AtomicReference<>();
  private volatile @Nullable Duration pause; // after a failure
  private volatile boolean asked;

  /**
   * For one source.
   *
   * @param wrapped whether SNS wraps its messages
   * @param maxReceives after how many receives a message is not to be handled any more
   */
  PollLoop(
      AwsPort port,
      Addresses addresses,
      Source source,
      Receiver.Listener listener,
      OpenDeliveries open,
      Settler settler,
      Timer timer,
      boolean wrapped,
      int maxReceives,
      Clock clock) {
    this.port = port;
    this.addresses = addresses;
    this.source = source;
    this.handover = new Handover(source, listener);
    this.open = open;
    this.settler = settler;
    this.timer = timer;
    this.wrapped = wrapped;
    this.maxReceives = maxReceives;
    this.clock = clock;
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
    Deadline lease = Deadline.in(settler.lease());
    String repeated = unanswered.getAndSet(null);
    String attempt =
        !source.keyed() ? null : repeated != null ? repeated : UUID.randomUUID().toString();
    var unused =
        received(room, attempt)
            .whenComplete((messages, e) -> polled(room, lease, attempt, messages, e));
  }

  private CompletableFuture<List<ReceivedMessage>> received(Room room, @Nullable String attempt) {
    try {
      Duration hidden = settler.lease();
      return addresses
          .queueUrl(source, LOOKUP)
          .thenCompose(
              url ->
                  port.receive(
                      new Poll(url, room.max(), wait(room, hidden, asked), hidden, attempt)));
    } catch (Throwable bug) { // the poll has to end in any case
      return CompletableFuture.failedFuture(bug);
    }
  }

  private void polled(
      Room room,
      Deadline lease,
      @Nullable String attempt,
      @Nullable List<ReceivedMessage> messages,
      @Nullable Throwable e) {
    int received = 0;
    try {
      if (messages != null) {
        received = messages.size();
        asked = true;
        open.answered(messages.isEmpty());
        backoff.reset();
        handover.undisturbed();
        handOver(messages, lease);
      } else if (e != null) {
        unanswered.compareAndSet(null, attempt);
        disturbed(AwsFailure.of(e));
      }
    } catch (Throwable bug) { // would go unseen
      log.error("What was received from {} could not be handed over", source, bug);
    } finally {
      open.polled(room, received);
    }
  }

  private void handOver(List<ReceivedMessage> messages, Deadline lease) {
    if (messages.isEmpty()) {
      return;
    }
    List<AwsDelivery> due = new ArrayList<>(messages.size());
    Map<AwsDelivery, Duration> early = new LinkedHashMap<>();
    for (ReceivedMessage message : messages) {
      ReceivedMessage bare = wrapped ? SnsEnvelope.unwrap(message) : message;
      AwsDelivery delivery = delivery(message, bare, lease);
      Duration left = left(bare);
      if (source.keyed() || left.isZero() || left.isNegative()) {
        due.add(delivery);
      } else {
        early.put(delivery, left);
      }
    }
    if (!deliver(due, early)) {
      giveBack(messages);
    } else if (!due.isEmpty()) {
      keepFresh(due);
    }
  }

  private AwsDelivery delivery(ReceivedMessage message, ReceivedMessage bare, Deadline lease) {
    WireMessage read = WireFormat.read(bare, source.keyed());
    return new AwsDelivery(
        message, read, source.keyed(), maxReceives, lease, settler, open::remove);
  }

  /** How long until a message that was sent with a delay is due. */
  private Duration left(ReceivedMessage message) {
    Instant at = WireFormat.due(message);
    return at == null ? Duration.ZERO : Duration.between(clock.instant(), at);
  }

  /**
   * Whether the listener has those that are due, and the others are being put back, which takes
   * credit as well; not after a stop.
   */
  private boolean deliver(List<AwsDelivery> due, Map<AwsDelivery, Duration> early) {
    return handover.give(
        to -> {
          open.add(due);
          open.add(List.copyOf(early.keySet()));
          early.forEach(AwsDelivery::postpone);
          if (!due.isEmpty()) {
            to.delivered(due);
          }
        });
  }

  /** What came at the end of a long wait has less of a lease than whoever renews it counts on. */
  private void keepFresh(List<AwsDelivery> deliveries) {
    Duration left = deliveries.get(0).leaseLeft();
    Duration lease = settler.lease();
    if (left.multipliedBy(4).compareTo(lease.multipliedBy(3)) < 0) {
      Duration soon = left.minus(lease.dividedBy(4));
      timer.after(
          soon.isNegative() ? Duration.ZERO : soon,
          () -> deliveries.forEach(AwsDelivery::renewLease));
    }
  }

  private void giveBack(List<ReceivedMessage> messages) {
    var unused =
        settler
            .releaseSome(messages.stream().map(ReceivedMessage::receiptHandle).toList())
            .whenComplete(
                (done, e) -> {
                  if (e != null) {
                    log.debug("Messages of {} come back with their lease: {}", source, e);
                  }
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
    handover.disturbed(failure);
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
