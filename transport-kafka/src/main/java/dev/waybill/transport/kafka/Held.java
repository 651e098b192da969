package dev.waybill.transport.kafka;

import java.nio.ByteBuffer;
import java.time.Duration;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * A record in memory, not settled.
 *
 * @param attempt the number of its next delivery, or of the one it is out in
 * @param due when it may be delivered, or null if at once
 */
record Held(ConsumerRecord<byte[], byte[]> record, int attempt, @Nullable Deadline due) {
  static Held fresh(ConsumerRecord<byte[], byte[]> record) {
    return new Held(record, 1, null);
  }

  /** The same record, to be delivered again. */
  Held again(Duration after, int attemptsMade) {
    return new Held(record, attemptsMade + 1, after.isZero() ? null : Deadline.in(after));
  }

  long offset() {
    return record.offset();
  }

  boolean isDue() {
    return due == null || due.passed();
  }

  /** The key, comparable; null if there is none. */
  @Nullable ByteBuffer key() {
    return record.key() == null ? null : ByteBuffer.wrap(record.key());
  }
}
