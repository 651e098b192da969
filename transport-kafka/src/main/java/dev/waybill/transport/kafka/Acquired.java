package dev.waybill.transport.kafka;

import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** A record that is locked for a member of a share group. Thread-safe. */
final class Acquired {
  private final ConsumerRecord<byte[], byte[]> record;
  private final AtomicBoolean delivered = new AtomicBoolean();
  private volatile Deadline lockedUntil;
  private volatile boolean lost;

  Acquired(ConsumerRecord<byte[], byte[]> record, Deadline lockedUntil) {
    this.record = record;
    this.lockedUntil = lockedUntil;
  }

  ConsumerRecord<byte[], byte[]> record() {
    return record;
  }

  TopicPartition partition() {
    return new TopicPartition(record.topic(), record.partition());
  }

  /** Which delivery by the broker it is, from 1. */
  int deliveryCount() {
    return record.deliveryCount().orElse((short) 1);
  }

  /** Whether the lock is ours still; once it is not, it never is again. */
  boolean isOwned() {
    if (!lost && lockedUntil.passed()) {
      lost = true;
    }
    return !lost;
  }

  void lockedUntil(Deadline until) {
    lockedUntil = until;
  }

  void lose() {
    lost = true;
  }

  /** It is out in a delivery, for which a credit was taken. */
  void delivered() {
    delivered.set(true);
  }

  /** It is not out any more; returns whether it was, so that its credit is given back once. */
  boolean back() {
    return delivered.compareAndSet(true, false);
  }
}
