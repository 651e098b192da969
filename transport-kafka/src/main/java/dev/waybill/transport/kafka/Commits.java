package dev.waybill.transport.kafka;

import java.util.Collection;

/** How what is settled reaches the broker; used by the polling thread alone. */
interface Commits {
  /** Called after each poll: has a commit made if one is due; does not block. */
  void soon(Collection<PartitionWork> works);

  /** Called when a rebalance begins to take partitions away. */
  void rebalancing(Collection<PartitionWork> works);

  /**
   * Called before assignments end: has stored what must be as long as they have not, at most until
   * the deadline.
   */
  void ending(Collection<PartitionWork> works, Deadline deadline);

  /** Whether commits are made by others, so that nobody here knows of one that is under way. */
  boolean areElsewhere();

  /**
   * Has everything committed that is settled, and waits for the confirmation.
   *
   * @throws org.apache.kafka.common.KafkaException if it failed; the next commit says the same
   *     again
   */
  void now(Collection<PartitionWork> works, Deadline deadline);
}
