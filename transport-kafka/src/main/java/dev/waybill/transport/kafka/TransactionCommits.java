package dev.waybill.transport.kafka;

import java.time.Duration;
import java.util.Collection;
import org.apache.kafka.clients.consumer.Consumer;

/** Leaves all commits to transactions, and tells them who receives what. */
final class TransactionCommits implements Commits {
  /** More often would load the broker. */
  private static final Duration INTERVAL = Duration.ofMillis(100);

  private final Consumer<byte[], byte[]> consumer;
  private final Transactions transactions;
  private Deadline notBefore = Deadline.in(INTERVAL);

  TransactionCommits(Consumer<byte[], byte[]> consumer, Transactions transactions) {
    this.consumer = consumer;
    this.transactions = transactions;
  }

  @Override
  public void soon(Collection<PartitionWork> works) {
    rebalancing(works);
    if (notBefore.passed() && works.stream().anyMatch(PartitionWork::hasChanged)) {
      notBefore = Deadline.in(INTERVAL);
      transactions.offsetsChanged();
    }
  }

  /** Its generation is a new one by then, which transactions need until the partitions are gone. */
  @Override
  public void rebalancing(Collection<PartitionWork> works) {
    transactions.membership(consumer.groupMetadata(), works);
  }

  @Override
  public boolean areElsewhere() {
    return true;
  }

  /** Attempts and due times, which no settlement has stored. */
  @Override
  public void ending(Collection<PartitionWork> works, Deadline deadline) {
    transactions.awaitStored(works, deadline);
  }

  /** Nothing: what is settled is committed already, in the transaction that settled it. */
  @Override
  public void now(Collection<PartitionWork> works, Deadline deadline) {}
}
