package dev.waybill.transport.aws;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One entry of a call that deletes or hides received messages. */
final class SettleTask implements Batcher.Entry {
  /**
   * Of a release that may have been done, so that somebody else may have the message. A connection
   * that was kept open may be found closed; the next one is new.
   */
  private static final int MAX_REPEATS = 2;

  private final AwsDelivery delivery;
  private final @Nullable Duration hidden; // null to delete
  private final boolean renewal;
  private int repeats; // of one call after another
  private @Nullable AwsFailure failure; // of the last call
  private final CompletableFuture<Boolean> answer = new CompletableFuture<>();

  private SettleTask(AwsDelivery delivery, @Nullable Duration hidden, boolean renewal) {
    this.delivery = delivery;
    this.hidden = hidden;
    this.renewal = renewal;
  }

  static SettleTask deletion(AwsDelivery delivery) {
    return new SettleTask(delivery, null, false);
  }

  static SettleTask hiding(AwsDelivery delivery, Duration time) {
    return new SettleTask(delivery, time, false);
  }

  static SettleTask renewal(AwsDelivery delivery, Duration time) {
    return new SettleTask(delivery, time, true);
  }

  /**
   * Whether it was done; false if the delivery was no longer ours, or the renewal no longer needed.
   * Fails if it wasn't done.
   */
  CompletableFuture<Boolean> answer() {
    return answer;
  }

  /** Whether it is still of use: a delivery that is lost is left alone, one settled not renewed. */
  boolean isWanted() {
    return delivery.isOwned() && (!renewal || delivery.isHeld());
  }

  /** Whether it is to be done again, after a failure. */
  boolean isToBeRepeated(AwsFailure failure) {
    this.failure = failure;
    return failure.isPassing()
        || failure.isForWantOfAws()
        || (failure.isUnanswered() && (keepsFromOthers() || repeats++ < MAX_REPEATS));
  }

  /** Whether nobody else can have the message once it is done, so that it may be done again. */
  private boolean keepsFromOthers() {
    return renewal || hidden == null;
  }

  /** Whether it is a renewal that nobody misses, as a settlement has begun or is done. */
  boolean isNeedless() {
    return renewal && !delivery.isHeld();
  }

  /**
   * Answers one that is not wanted any more: with the failure of its calls where it is a renewal
   * whose lease ran out meanwhile.
   */
  void giveUp() {
    AwsFailure last = failure;
    if (renewal && last != null && !isNeedless()) {
      fail(last);
    } else {
      answer.complete(false);
    }
  }

  String receiptHandle() {
    return delivery.receiptHandle();
  }

  /** For how long to hide the message, if it is made now. */
  AwsPort.Hiding hiding() {
    Duration time = hidden == null ? Duration.ZERO : hidden;
    return new AwsPort.Hiding(receiptHandle(), delivery.hidingSeconds(time));
  }

  /** Deletions keep the order of a message group; what hides a message keeps its own. */
  @Override
  public Object lane() {
    return hidden == null ? delivery.lane() : delivery;
  }

  @Override
  public long size() {
    return 0;
  }

  @Override
  public Duration remaining() {
    return delivery.leaseLeft();
  }

  @Override
  public void fail(AwsFailure failure) {
    answer.completeExceptionally(failure);
  }
}
