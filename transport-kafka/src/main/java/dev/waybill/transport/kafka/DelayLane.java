package dev.waybill.transport.kafka;

import dev.waybill.transport.support.SettledPrefix;
import dev.waybill.transport.support.SettledPrefix.Range;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * One assignment of one partition of a delay topic: its next records, and which have been moved on.
 * Used by the mover's thread alone.
 */
final class DelayLane {
  /** Enough that a burst which is ready at once rarely waits for a fetch. */
  private static final int ENOUGH_RECORDS = 500;

  private static final long ENOUGH_BYTES = 1024 * 1024;

  private final TopicPartition partition;
  private final long waitMillis;
  private final LeaderEpochs epochs;
  private List<Range> movedBefore;
  private final Deque<ConsumerRecord<byte[], byte[]>> next = new ArrayDeque<>();
  private @Nullable SettledPrefix prefix;
  private @Nullable OffsetAndMetadata committed;
  private long bytes;
  private boolean owned = true;

  /**
   * A new assignment.
   *
   * @param waitMillis how long its records wait
   * @param committed what the group had committed, or null if nothing
   */
  DelayLane(TopicPartition partition, long waitMillis, @Nullable OffsetAndMetadata committed) {
    this.partition = partition;
    this.waitMillis = waitMillis;
    this.committed = committed;
    this.epochs = new LeaderEpochs(committed);
    this.movedBefore =
        committed == null
            ? List.of()
            : CommitMetadata.decode(committed.offset(), committed.metadata()).settled();
    this.prefix = committed == null ? null : new SettledPrefix(committed.offset());
  }

  TopicPartition partition() {
    return partition;
  }

  /** Whether {@code offset} is one that this assignment is past: the log was made anew or cut. */
  boolean isPast(long offset) {
    return prefix != null && offset < prefix.next();
  }

  /** The assignment that follows this one when the log was cut; see {@link PartitionWork#cutAt}. */
  DelayLane cutAt(long cut) {
    SettledPrefix ids = prefix;
    OffsetAndMetadata below = null;
    if (ids != null && ids.end() < cut) {
      CommitMetadata all = new CommitMetadata(beyond(ids), new TreeMap<>()).below(cut);
      below = epochs.commit(ids.end(), all.encode(ids.end()));
    }
    DelayLane next = new DelayLane(partition, waitMillis, below);
    next.committed = null; // perhaps it is not
    return next;
  }

  /** Where this assignment begins, if not where records are fetched. */
  OptionalLong begin() {
    return prefix == null ? OptionalLong.empty() : OptionalLong.of(prefix.next());
  }

  /**
   * Takes fetched records.
   *
   * @param position where the next fetch begins; offsets between have no record
   */
  void add(List<ConsumerRecord<byte[], byte[]>> records, long position) {
    epochs.fetched(records);
    for (ConsumerRecord<byte[], byte[]> record : records) {
      if (!movedBefore.isEmpty() && epochs.isLaterThanCommitted(record)) {
        movedBefore = CommitMetadata.below(movedBefore, record.offset());
      }
      SettledPrefix ids = prefixFrom(record.offset());
      ids.add(record.offset());
      if (movedBefore.stream().anyMatch(range -> range.contains(record.offset()))) {
        ids.settle(record.offset());
      } else {
        next.add(record);
        bytes += size(record);
      }
    }
    prefixFrom(position).skipTo(position);
  }

  /** Whether no more records are needed in memory for now. */
  boolean hasEnough() {
    return next.size() >= ENOUGH_RECORDS || bytes >= ENOUGH_BYTES;
  }

  /**
   * When the next record has waited long enough, in milliseconds since 1970; {@link Long#MAX_VALUE}
   * if there is none.
   */
  long readyAt() {
    ConsumerRecord<byte[], byte[]> first = next.peek();
    if (first == null) {
      return Long.MAX_VALUE;
    }
    return waitMillis == 0
        ? 0
        : Math.min(first.timestamp() + waitMillis, DelayedRecords.due(first));
  }

  /** Takes out the next record, which there is. */
  ConsumerRecord<byte[], byte[]> take() {
    ConsumerRecord<byte[], byte[]> first = next.remove();
    bytes -= size(first);
    return first;
  }

  /** Notes that a record is confirmed elsewhere. */
  void moved(long offset) {
    prefixFrom(offset).settle(offset);
  }

  /** What to commit, or null if it is committed. */
  @Nullable OffsetAndMetadata uncommitted() {
    SettledPrefix ids = prefix;
    if (ids == null) {
      return null;
    }
    String metadata = new CommitMetadata(beyond(ids), new TreeMap<>()).encode(ids.end());
    OffsetAndMetadata now = epochs.commit(ids.end(), metadata);
    return now.equals(committed) ? null : now;
  }

  private List<Range> beyond(SettledPrefix ids) {
    List<Range> beyond = new ArrayList<>(ids.settledBeyond());
    for (Range range : movedBefore) { // in the part that is not fetched yet
      if (range.to() > ids.next()) {
        beyond.add(new Range(Math.max(range.from(), ids.next()), range.to()));
      }
    }
    return beyond;
  }

  /** Notes that a commit has arrived. */
  void committed(OffsetAndMetadata what) {
    committed = what;
  }

  boolean isOwned() {
    return owned;
  }

  void lose() {
    owned = false;
    next.clear();
  }

  static int size(ConsumerRecord<byte[], byte[]> record) {
    return Math.max(0, record.serializedKeySize()) + Math.max(0, record.serializedValueSize());
  }

  private SettledPrefix prefixFrom(long offset) {
    SettledPrefix ids = prefix;
    if (ids == null) {
      ids = new SettledPrefix(offset);
      prefix = ids;
    }
    return ids;
  }
}
