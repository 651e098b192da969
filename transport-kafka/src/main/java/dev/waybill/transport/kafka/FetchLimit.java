package dev.waybill.transport.kafka;

import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/**
 * Says from which partitions is fetched, so that the records that wait in memory are not more than
 * a number (and a few: a fetch is not cut), nor mostly those of one partition while others have
 * none.
 *
 * <p>Of a partition some of whose records wait for a time, or for others of their key, more are
 * fetched, for those in memory may be behind these, and others are needed; with its like it has
 * half of the number. What waits for a time is on top of the number, and does not keep the other
 * partitions from being fetched; what waits for others of its key may be a plain backlog, and
 * counts. Used by the polling thread alone.
 */
final class FetchLimit {
  private final long most;
  private final long least;
  private final Set<TopicPartition> full = new HashSet<>();

  /**
   * A limit.
   *
   * @param most how many records of all partitions may wait
   * @param least how many of one partition may wait, however many partitions there are
   */
  FetchLimit(long most, long least) {
    this.most = most;
    this.least = least;
  }

  /** The partitions from which nothing is to be fetched now, of those owned. */
  Set<TopicPartition> full(Collection<PartitionWork> works) {
    long share = Math.max(least, most / Math.max(1, works.size()));
    long holding = works.stream().filter(PartitionWork::hasHeldBack).count();
    long more = Math.max(share, most / 2 / Math.max(1, holding));
    long sum = 0;
    Set<TopicPartition> owned = new HashSet<>();
    for (PartitionWork work : works) {
      int waiting = work.waiting();
      boolean forTime = work.waitingForTime() > 0;
      sum += forTime ? 0 : waiting;
      owned.add(work.partition());
      long may = work.hasHeldBack() ? more : share;
      if (waiting >= may) {
        full.add(work.partition());
      } else if (forTime || waiting <= may / 2) {
        full.remove(work.partition());
      }
    }
    full.retainAll(owned);
    return sum < most ? full : owned;
  }
}
