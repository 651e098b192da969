package dev.waybill.transport.aws;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** One entry of a call that deletes or hides received messages. */
final class SettleTask implements Batcher.Entry {
  private static final int DELETE = -1;

  /**
   * Of a release that may have been done, so that somebody else may have the message. A connection
   * that was kept open may be found closed; the next one is new.
   */
  private static final int MAX_REPEATS = 2;

  private final AwsDelivery delivery;
  private final int seconds;
  private final boolean renewal;
  private int repeats; // of one call after another
  private final CompletableFuture<Boolean> answer = new CompletableFuture<>();

  private SettleTask(AwsDelivery delivery, int seconds, boolean renewal) {
    this.delivery = delivery;
    this.seconds = seconds;
    this.renewal = renewal;
  }

  static SettleTask deletion(AwsDelivery delivery) {
    return new SettleTask(delivery, DELETE, false);
  }

  static SettleTask hiding(AwsDelivery delivery, int seconds) {
    return new SettleTask(delivery, seconds, false);
  }

  static SettleTask renewal(AwsDelivery delivery, int seconds) {
    return new SettleTask(delivery, seconds, true);
  }

  /** Whether it was done; false if the delivery was no longer ours. Fails if it wasn't done. */
  CompletableFuture<Boolean> answer() {
    return answer;
  }

  /** Whether it is still of use: a delivery that is lost is left alone, one settled not renewed. */
  boolean isWanted() {
    return delivery.isOwned() && !(renewal && delivery.isSettling());
  }

  /** Whether it is to be done again, after a failure. */
  boolean isToBeRepeated(AwsFailure failure) {
    return failure.isPassing()
        || failure.isForWantOfAws()
        || (failure.mayPass() && (keepsFromOthers() || repeats++ < MAX_REPEATS));
  }

  /** Whether nobody else can have the message once it is done, so that it may be done again. */
  private boolean keepsFromOthers() {
    return renewal || seconds == DELETE;
  }

  String receiptHandle() {
    return delivery.receiptHandle();
  }

  int seconds() {
    return seconds;
  }

  /** Deletions keep the order of a message group; what hides a message keeps its own. */
  @Override
  public Object lane() {
    return seconds == DELETE ? delivery.lane() : delivery;
  }

  @Override
  public long size() {
    return 0;
  }

  @Override
  public Duration remaining() {
    return delivery.leaseLeft();
  }
}
