package dev.waybill.transport.kafka;

import dev.waybill.transport.kafka.CommitMetadata.Failed;
import java.time.Duration;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * A record in memory, not settled.
 *
 * @param attempt the number of its next delivery, or of the one it is out in
 * @param due when it may be delivered, or null if at once
 * @param lane the records of its key
 */
record Held(
    ConsumerRecord<byte[], byte[]> record, int attempt, @Nullable Deadline due, KeyLane lane) {
  /** A record that was fetched just now, with what an earlier assignment has left of it. */
  static Held fetched(
      ConsumerRecord<byte[], byte[]> record, @Nullable Failed before, KeyLane lane) {
    if (before == null) {
      return new Held(record, 1, null, lane);
    }
    long wait = before.due() - System.currentTimeMillis();
    return new Held(
        record,
        before.attempts() + 1,
        wait <= 0 ? null : Deadline.in(Duration.ofMillis(wait)),
        lane);
  }

  /** The same record, to be delivered again. */
  Held again(Duration after, int attemptsMade) {
    return new Held(record, attemptsMade + 1, after.isZero() ? null : Deadline.in(after), lane);
  }

  long offset() {
    return record.offset();
  }

  boolean isDue() {
    return due == null || due.passed();
  }
}
