package dev.waybill.transport.kafka;

import dev.waybill.transport.Delivery;
import dev.waybill.transport.Sender;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.WireMessage;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** A delivered record. */
final class KafkaDelivery implements Delivery {
  private final Held held;
  private final PartitionWork work;
  private final Settler settler;
  private final WireMessage message;
  private final SettledOnce once = new SettledOnce();

  KafkaDelivery(Held held, PartitionWork work, Settler settler) {
    this.held = held;
    this.work = work;
    this.settler = settler;
    this.message = KafkaMapping.toMessage(held.record());
  }

  @Override
  public WireMessage message() {
    return message;
  }

  @Override
  public String brokerId() {
    return work.partition() + "@" + held.offset();
  }

  @Override
  public int attempt() {
    return held.attempt();
  }

  @Override
  public boolean isOwned() {
    return work.isOwned() && !once.isSettled();
  }

  @Override
  public CompletionStage<Settlement.Result> settle(Settlement how) {
    return once.settle(result -> settler.settle(held, work, how, result));
  }

  @Override
  public CompletionStage<Settlement.Result> settleTogether(
      Settlement how, List<Sender.Addressed> messages) {
    return once.settle(result -> settler.settleTogether(held, work, how, messages, result));
  }

  /**
   * Does nothing: a partition is ours as long as its consumer polls, which does not wait for
   * handlers.
   */
  @Override
  public void renewLease() {}

  /** Where it stands on the broker; never its content. */
  @Override
  public String toString() {
    return "KafkaDelivery[" + brokerId() + "]";
  }
}
