package dev.waybill.transport.kafka;

import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.jspecify.annotations.Nullable;

/**
 * Under which leaders the records of a partition were written: each leader has a higher number than
 * those before it. A record of a later one than a commit knew of is not among those of which the
 * commit's metadata tells, though it may have the offset of one: the log was cut and written anew
 * from there. Guarded by its owner.
 */
final class LeaderEpochs {
  private static final int UNKNOWN = CommitMetadata.NO_EPOCH;

  /** The latest that the commit knew of. */
  private final int committed;

  /** The latest of what was fetched, or is committed. */
  private int latest;

  /** Those that {@code committed} knew of; none if it is null, or older than they are. */
  LeaderEpochs(@Nullable OffsetAndMetadata committed) {
    this.committed = committed == null ? UNKNOWN : CommitMetadata.epoch(committed.metadata());
    this.latest = this.committed;
  }

  /** Whether a record was written after everything of which the commit tells. */
  boolean isLaterThanCommitted(ConsumerRecord<byte[], byte[]> record) {
    return committed != UNKNOWN && record.leaderEpoch().orElse(UNKNOWN) > committed;
  }

  /** Notes what was fetched, in the order of the log. */
  void fetched(List<ConsumerRecord<byte[], byte[]>> records) {
    if (!records.isEmpty()) {
      latest = Math.max(latest, records.get(records.size() - 1).leaderEpoch().orElse(UNKNOWN));
    }
  }

  /**
   * What there is to commit. The number is in the metadata only: of a topic that was made anew,
   * whose leaders are counted from zero again, Kafka's client would skip records by it, or take no
   * news.
   */
  OffsetAndMetadata commit(long offset, String metadata) {
    return new OffsetAndMetadata(offset, CommitMetadata.withEpoch(metadata, latest));
  }
}
