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
import java.util.concurrent.RejectedExecutionException;
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
  private final String queueUrl;
  private final Object lane;
  private final Settler settler;
  private final Consumer<AwsDelivery> whenDone;
  private final Deadline longestLease = Deadline.in(Limits.MAX_VISIBILITY);

  private volatile Deadline lease;
  private volatile boolean lost;
  private volatile @Nullable AwsDelivery before; // the open one before it in its message group
  private boolean inDeadLetters; // written and read in this delivery's lane only
  private @Nullable CompletableFuture<Result> settlement; // guarded by this

  /**
   * A delivery.
   *
   * @param queueUrl where the message came from
   * @param fifo whether its message group is a lane
   * @param lease when the lease ends, unless renewed
   * @param whenDone told when the delivery has been settled or found lost
   */
  AwsDelivery(
      ReceivedMessage received,
      String queueUrl,
      boolean fifo,
      Deadline lease,
      Settler settler,
      Consumer<AwsDelivery> whenDone) {
    this.received = received;
    this.message = WireFormat.read(received, fifo);
    this.queueUrl = queueUrl;
    this.lane = fifo && received.groupId() != null ? new Lane(queueUrl, received.groupId()) : this;
    this.settler = settler;
    this.whenDone = whenDone;
    this.lease = lease;
  }

  private record Lane(String queueUrl, String groupId) {}

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

  /** Whether the two are of one message group. */
  boolean sharesLaneWith(AwsDelivery other) {
    return lane.equals(other.lane);
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
    try {
      settler.execute(lane, () -> run(wanted, begun));
    } catch (RejectedExecutionException e) {
      end(begun, Result.NOT_OWNED);
    }
    return begun.minimalCompletionStage();
  }

  @Override
  public void renewLease() {
    if (isSettling() || !isOwned()) {
      return;
    }
    try {
      settler.execute(lane, this::renewNow);
    } catch (RejectedExecutionException e) {
      lost = true;
    }
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

  String queueUrl() {
    return queueUrl;
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

  private void run(Settlement wanted, CompletableFuture<Result> begun) {
    if (!isOwned()) {
      end(begun, Result.NOT_OWNED);
      return;
    }
    try {
      end(begun, call(wanted));
    } catch (AwsFailure e) {
      if (e.fate() == AwsFailure.Fate.LEASE_LOST) {
        lost = true;
        end(begun, Result.NOT_OWNED);
      } else {
        begun.completeExceptionally(e.asMessagingException(failed(wanted)));
      }
    } catch (RuntimeException e) {
      begun.completeExceptionally(
          new MessagingException(ErrorCode.BROKER_ERROR, failed(wanted) + ": " + e, e));
    }
  }

  private Result call(Settlement wanted) {
    if (wanted instanceof Settlement.Release release) {
      settler.hide(queueUrl, received, shortened(release.after()));
      return Result.SETTLED;
    }
    if (wanted instanceof Settlement.Reject reject && !inDeadLetters) {
      settler.sendToDeadLetters(received, reject.evidence());
      inDeadLetters = true;
    }
    if (!isOwned()) {
      return Result.NOT_OWNED;
    }
    settler.delete(queueUrl, received);
    return Result.SETTLED;
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

  private void renewNow() {
    if (isSettling() || !isOwned()) {
      return;
    }
    Deadline renewed = Deadline.in(settler.lease());
    try {
      settler.hide(queueUrl, received, settler.lease());
      if (isOwned()) {
        lease = renewed;
      }
    } catch (AwsFailure e) {
      if (e.fate() == AwsFailure.Fate.LEASE_LOST) {
        lost = true;
      }
      log.debug("The lease of message {} was not renewed: {}", received.id(), e.getMessage());
    }
  }

  private String failed(Settlement wanted) {
    return wanted instanceof Settlement.Reject && !inDeadLetters
        ? "Message %s was not stored in %s and is kept"
            .formatted(received.id(), settler.deadLetterQueue())
        : "Message %s was not settled and is kept".formatted(received.id());
  }
}
