package dev.waybill.transport.kafka;

import dev.waybill.transport.Delivery;
import dev.waybill.transport.Sender;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.WireMessage;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A delivered record. */
final class KafkaDelivery implements Delivery {
  private final Held held;
  private final PartitionWork work;
  private final Settler settler;
  private final WireMessage message;
  private @Nullable CompletableFuture<Settlement.Result> settlement;

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
    return work.isOwned() && !isSettled();
  }

  @Override
  public CompletionStage<Settlement.Result> settle(Settlement how) {
    return once(mine -> settler.settle(held, work, how, mine));
  }

  @Override
  public CompletionStage<Settlement.Result> settleTogether(
      Settlement how, List<Sender.Addressed> messages) {
    return once(mine -> settler.settleTogether(held, work, how, messages, mine));
  }

  private CompletionStage<Settlement.Result> once(
      Consumer<CompletableFuture<Settlement.Result>> settling) {
    CompletableFuture<Settlement.Result> mine = new CompletableFuture<>();
    synchronized (this) {
      CompletableFuture<Settlement.Result> earlier = settlement;
      if (earlier != null && !earlier.isCompletedExceptionally()) {
        return earlier.minimalCompletionStage();
      }
      settlement = mine;
    }
    settling.accept(mine);
    return mine.minimalCompletionStage();
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

  private synchronized boolean isSettled() {
    return settlement != null && settlement.isDone() && !settlement.isCompletedExceptionally();
  }
}
