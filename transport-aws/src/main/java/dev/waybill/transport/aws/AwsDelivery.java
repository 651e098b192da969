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

  private final ReceivedMessage received;
  private final WireMessage message;
  private final @Nullable String group;
  private final Settler settler;
  private final Consumer<AwsDelivery> whenDone;
  private final Deadline longestLease = Deadline.in(Limits.MAX_VISIBILITY);

  private volatile Deadline lease;
  private volatile boolean lost;
  private volatile boolean inDeadLetters;
  private volatile @Nullable AwsDelivery before; // the open one before it in its message group
  private @Nullable CompletableFuture<Result> settlement; // guarded by this

  /**
   * A delivery.
   *
   * @param message what is read in what was received
   * @param fifo whether its message group keeps its order
   * @param lease when the lease ends, unless renewed
   * @param whenDone told when the delivery has been settled or found lost
   */
  AwsDelivery(
      ReceivedMessage received,
      WireMessage message,
      boolean fifo,
      Deadline lease,
      Settler settler,
      Consumer<AwsDelivery> whenDone) {
    this.received = received;
    this.message = message;
    this.group = fifo ? received.groupId() : null;
    this.settler = settler;
    this.whenDone = whenDone;
    this.lease = lease;
  }

  @Override
  public WireMessage message() {
    return message;
  }

  @Override
  public String brokerId() {
    return received.id();
  }

  @Override
  public int attempt() {
    return received.receiveCount();
  }

  /** Also where SQS would go on: nothing is to be received for ever. */
  @Override
  public boolean isLastAllowed() {
    return group == null && received.receiveCount() >= Limits.MAX_RECEIVES;
  }

  @Override
  public boolean isOwned() {
    if (!lost && (lease.hasPassed() || isBehindALostOne())) {
      lost = true;
      before = null;
    }
    return !lost;
  }

  private boolean isBehindALostOne() {
    AwsDelivery earlier = before;
    if (earlier == null) {
      return false;
    }
    if (earlier.isSettled()) {
      before = null;
      return false;
    }
    return !earlier.isOwned();
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
    CompletableFuture<Result> begun;
    synchronized (this) {
      if (settlement != null && !settlement.isCompletedExceptionally()) {
        return settlement.minimalCompletionStage();
      }
      begun = new CompletableFuture<>();
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
                    begun.completeExceptionally(Settler.failed(notDone(wanted), e));
                  } else {
                    if (!done) {
                      lost = true;
                    }
                    end(begun, done ? Result.SETTLED : Result.NOT_OWNED);
                  }
                });
    return begun.minimalCompletionStage();
  }

  private CompletableFuture<Boolean> carryOut(Settlement wanted) {
    if (wanted instanceof Settlement.Release release) {
      return settler.hide(this, shortened(release.after()));
    }
    if (wanted instanceof Settlement.Reject reject && !inDeadLetters) {
      return settler
          .sendToDeadLetters(received, reject.evidence())
          .thenCompose(
              id -> {
                inDeadLetters = true;
                return settler.delete(this);
              });
    }
    return settler.delete(this);
  }

  @Override
  public void renewLease() {
    if (isSettling() || !isOwned()) {
      return;
    }
    Deadline renewed = Deadline.in(settler.lease());
    var unused =
        settler
            .renew(this)
            .whenComplete(
                (done, e) -> {
                  if (e != null) {
                    log.debug("The lease of message {} was not renewed: {}", received.id(), e);
                  } else if (done && isOwned()) {
                    lease = renewed;
                  } else if (!isSettling()) {
                    lost = true;
                  }
                });
  }

  /** How long it is ours without renewal. */
  Duration leaseLeft() {
    return lease.remaining();
  }

  /** Whether a settlement is under way or done. */
  synchronized boolean isSettling() {
    return settlement != null && !settlement.isCompletedExceptionally();
  }

  private synchronized boolean isSettled() {
    return settlement != null
        && !settlement.isCompletedExceptionally()
        && settlement.getNow(Result.NOT_OWNED) == Result.SETTLED;
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
    whenDone.accept(this);
    begun.complete(result);
  }

  /** SQS refuses to hide a message for longer than twelve hours from its receipt on in all. */
  private Duration shortened(Duration after) {
    Duration most = longestLease.remaining().minusSeconds(1);
    return after.compareTo(most) <= 0 ? after : most.isNegative() ? Duration.ZERO : most;
  }

  private String notDone(Settlement wanted) {
    return wanted instanceof Settlement.Reject && !inDeadLetters
        ? "Message %s was not stored in %s and is kept"
            .formatted(received.id(), settler.deadLetterQueue())
        : "Message %s was not settled and is kept".formatted(received.id());
  }
}
