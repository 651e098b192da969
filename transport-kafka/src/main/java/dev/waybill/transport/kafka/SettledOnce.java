package dev.waybill.transport.kafka;

import dev.waybill.transport.Settlement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The settlement of a delivery: the first one counts, unless it has failed. Thread-safe. */
final class SettledOnce {
  private @Nullable CompletableFuture<Settlement.Result> settlement;

  /** The first one's stage; {@code settling} begins it, and completes what it is given. */
  CompletionStage<Settlement.Result> settle(
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
    return mine.isDone() ? mine : mine.minimalCompletionStage();
  }

  /** Whether it was done; one that came too late, or had to give way, was not. */
  synchronized boolean isSettled() {
    return settlement != null
        && settlement.isDone()
        && !settlement.isCompletedExceptionally()
        && settlement.join() == Settlement.Result.SETTLED;
  }
}
