package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A message received from SQS. It is ours while its lease runs by our own clock, which started when
 * we asked for messages, so that it never runs longer than that of SQS; and, in a message group,
 * while those before it are ours or settled: one that is lost comes again, and has to come first.
 */
final class AwsDelivery implements Delivery {
  private static final Logger log = LoggerFactory.getLogger(AwsDelivery.class);

  /** SQS counts in whole seconds, and a call takes its time: what it hides may end before. */
  private static final Duration LAST_SECOND = Duration.ofSeconds(-1);

  private final ReceivedMessage received;
  private final Reading reading;
  private final @Nullable String group;
  private final int maxReceives;
  private final Settler settler;
  private final Consumer<AwsDelivery> whenDone;
  private final Deadline longestLease;

  private volatile Deadline lease;
  private volatile boolean lost;
  private volatile boolean settled;
  private volatile boolean forwarding;
  private volatile boolean inDeadLetters;
  private volatile boolean watched;
  private volatile @Nullable AwsDelivery before; // the open one before it in its message group
  private @Nullable CompletableFuture<Result> settlement; // guarded by this

  /**
   * A delivery.
   *
   * @param reading what is read in what was received
   * @param fifo whether its message group keeps its order
   * @param maxReceives after how many receives it is not to be handled any more
   * @param lease when the lease ends, unless renewed; it began when we asked for messages
   * @param whenDone told when the delivery has been settled or found lost
   */
  AwsDelivery(
      ReceivedMessage received,
      Reading reading,
      boolean fifo,
      int maxReceives,
      Deadline lease,
      Settler settler,
      Consumer<AwsDelivery> whenDone) {
    this.received = received;
    this.reading = reading;
    this.group = fifo ? received.groupId() : null;
    this.maxReceives = maxReceives;
    this.settler = settler;
    this.whenDone = whenDone;
    this.lease = lease;
    this.longestLease = lease.plus(Limits.MAX_VISIBILITY.minus(settler.lease()));
  }

  @Override
  public WireMessage message() {
    return reading.message();
  }

  @Override
  public @Nullable MessagingException readFailure() {
    return reading.failure();
  }

  @Override
  public String brokerId() {
    return received.id();
  }

  @Override
  public int attempt() {
    return received.receiveCount();
  }

  /** Also where SQS would go on; see {@link ReceiveLimits}. */
  @Override
  public boolean isLastAllowed() {
    return received.receiveCount() >= maxReceives;
  }

  @Override
  public boolean isOwned() {
    if (!lost && (lease.hasPassed() || isBehindALostOne())) {
      lost = true;
      before = null;
    }
    return !lost;
  }

  /** Before one that is settled all are, and there may be many of a group. */
  private boolean isBehindALostOne() {
    for (AwsDelivery earlier = before; earlier != null; earlier = earlier.before) {
      if (earlier.settled) {
        earlier.before = null;
        return false;
      }
      if (earlier.lost || earlier.lease.hasPassed()) {
        return true;
      }
    }
    return false;
  }

  /** What keeps its order: the message group, or this one alone. */
  Object lane() {
    return group != null ? group : this;
  }

  /** Makes this one lost as soon as an earlier one of its message group is. */
  void follow(AwsDelivery earlier) {
    before = earlier;
  }

  @Override
  public CompletionStage<Result> settle(Settlement wanted) {
    CompletableFuture<Result> begun = new CompletableFuture<>();
    synchronized (this) {
      if (settlement != null && !settlement.isCompletedExceptionally()) {
        return settlement.minimalCompletionStage();
      }
      settlement = begun;
    }
    if (!isOwned()) {
      end(begun, Result.NOT_OWNED);
      return begun.minimalCompletionStage();
    }
    var unused =
        carryOut(wanted)
            .whenComplete(
                (done, e) -> {
                  if (e != null) {
                    MessagingException failure = Settler.failed(notDone(wanted), e);
                    settler.tell(() -> begun.completeExceptionally(failure));
                  } else {
                    end(begun, done ? Result.SETTLED : Result.NOT_OWNED);
                  }
                });
    return begun.minimalCompletionStage();
  }

  private CompletableFuture<Boolean> carryOut(Settlement wanted) {
    if (wanted instanceof Settlement.Release release) {
      return settler.hide(this, release.after());
    }
    if (wanted instanceof Settlement.Reject reject && !inDeadLetters) {
      return forward(() -> settler.sendToDeadLetters(received, reject.evidence(), leaseLeft()))
          .thenCompose(
              id -> {
                inDeadLetters = true;
                return settler.delete(this);
              });
    }
    return settler.delete(this);
  }

  /**
   * Puts one that is not due yet, and that nobody else has, back, to come again when it is, or at
   * the longest delay of SQS: a copy is stored, then it is deleted. If that fails it comes again
   * with its lease.
   */
  void postpone(Duration left) {
    CompletableFuture<Result> begun = new CompletableFuture<>();
    synchronized (this) {
      settlement = begun;
    }
    var unused =
        forward(() -> settler.sendLater(received, left, leaseLeft()))
            .thenCompose(id -> settler.delete(this))
            .whenComplete(
                (done, e) -> {
                  if (e != null) {
                    log.warn(
                        "Message {} is not due, could not be put back, and comes again: {}",
                        received.id(),
                        e.toString());
                  }
                  end(begun, e == null && done ? Result.SETTLED : Result.NOT_OWNED);
                });
  }

  private CompletableFuture<String> forward(Supplier<CompletableFuture<String>> call) {
    forwarding = true;
    return call.get().whenComplete((id, e) -> forwarding = false);
  }

  /** Whether a copy is being stored, so that its deletion is still to come. */
  boolean isBeingForwarded() {
    return forwarding;
  }

  /**
   * Also while its dead letter is being stored, which may take longer than a lease. One that is
   * fresh is left for the next time, as most are settled by then. The last renewal is a short one,
   * to the end of the twelve hours that SQS has.
   */
  @Override
  public void renewLease() {
    Deadline renewed = lease.fromNow(settler.lease()).orEarlier(longestLease.plus(LAST_SECOND));
    if (isFresh() || !isHeld() || !isOwned() || !renewed.isAfter(lease)) {
      return;
    }
    var unused =
        settler
            .renew(this)
            .whenComplete(
                (done, e) -> {
                  if (e != null) {
                    log.debug("The lease of message {} was not renewed: {}", received.id(), e);
                  } else if (done && isOwned()) {
                    lease = renewed;
                  } else if (isHeld()) {
                    lost = true;
                  }
                });
  }

  /** Has its lease renewed once in {@link #renewIfShort}: others come too late, or not at all. */
  void watch() {
    watched = true;
  }

  boolean isWatched() {
    return watched;
  }

  void renewIfShort(Duration least) {
    if (watched && leaseLeft().compareTo(least) <= 0) {
      watched = false;
      renewLease();
    }
  }

  /** Whether its lease has lasted for less than a quarter of its time. */
  boolean isFresh() {
    return leaseLeft().toNanos() > settler.lease().toNanos() / 4 * 3;
  }

  /** How long it is ours without renewal. */
  Duration leaseLeft() {
    return lease.remaining();
  }

  /** Whether a settlement is under way or done. */
  synchronized boolean isSettling() {
    return settlement != null && !settlement.isCompletedExceptionally();
  }

  /** Whether no call is under way that ends it: its lease is to be kept. */
  boolean isHeld() {
    return forwarding || !isSettling();
  }

  String receiptHandle() {
    return received.receiptHandle();
  }

  /** Nobody's any more, as the receiver is closed; a settlement without an answer fails. */
  void abandon() {
    lost = true;
    CompletableFuture<Result> open;
    synchronized (this) {
      open = settlement;
    }
    if (open != null) {
      open.completeExceptionally(
          new MessagingException(
              ErrorCode.CLOSED,
              "The receiver was closed before SQS answered; the message may be delivered again."));
    }
  }

  private void end(CompletableFuture<Result> begun, Result result) {
    if (result == Result.SETTLED) {
      settled = true;
    } else {
      lost = true;
    }
    whenDone.accept(this);
    settler.tell(() -> begun.complete(result));
  }

  /**
   * For how many whole seconds it may be hidden from now on, up to {@code wanted}: SQS refuses more
   * than twelve hours from its receipt on in all.
   */
  int hidingSeconds(Duration wanted) {
    long most = longestLease.remaining().toSeconds();
    return (int) Math.min(most, Durations.wholeSeconds(wanted));
  }

  private String notDone(Settlement wanted) {
    return wanted instanceof Settlement.Reject && !inDeadLetters
        ? "Message %s was not stored in %s and is kept"
            .formatted(received.id(), settler.deadLetterQueue())
        : "Message %s was not settled and is kept".formatted(received.id());
  }
}
