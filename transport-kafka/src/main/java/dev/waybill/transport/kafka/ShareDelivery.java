package dev.waybill.transport.kafka;

import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.WireMessage;
import java.util.concurrent.CompletionStage;

/** A delivered record of a share group. */
final class ShareDelivery implements Delivery {
  private final Acquired acquired;
  private final int attempt;
  private final boolean lastAllowed;
  private final ShareMember member;
  private final WireMessage message;
  private final SettledOnce once = new SettledOnce();

  ShareDelivery(Acquired acquired, int attempt, boolean lastAllowed, ShareMember member) {
    this.acquired = acquired;
    this.attempt = attempt;
    this.lastAllowed = lastAllowed;
    this.member = member;
    this.message = KafkaMapping.toMessage(acquired.record());
  }

  @Override
  public WireMessage message() {
    return message;
  }

  @Override
  public String brokerId() {
    return acquired.partition() + "@" + acquired.record().offset();
  }

  @Override
  public int attempt() {
    return attempt;
  }

  @Override
  public boolean isLastAllowed() {
    return lastAllowed;
  }

  @Override
  public boolean isOwned() {
    return acquired.isOwned() && !once.isSettled();
  }

  @Override
  public CompletionStage<Settlement.Result> settle(Settlement how) {
    return once.settle(result -> member.settle(acquired, how, result));
  }

  /** Renews the locks of all that came with it, for Kafka's client renews all or none of them. */
  @Override
  public void renewLease() {
    if (isOwned()) {
      member.renew();
    }
  }

  /** Where it stands on the broker; never its content. */
  @Override
  public String toString() {
    return "ShareDelivery[" + brokerId() + "]";
  }
}
