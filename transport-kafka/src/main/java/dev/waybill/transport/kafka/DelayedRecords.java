package dev.waybill.transport.kafka;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/**
 * Records of delay topics: those of the channel, with a header that says when they are due, and a
 * timestamp that says when they were written. Both are by the clocks of the hosts that write.
 */
final class DelayedRecords {
  /** Milliseconds since 1970 in decimal digits; only on records of delay topics. */
  static final String DUE = "waybill-due";

  /** More than any delay, and far from an overflow of milliseconds. */
  private static final Duration LONGEST = Duration.ofDays(365_000);

  private DelayedRecords() {}

  /** When what is sent now with a delay is due: never too early. */
  static long due(Instant now, Duration delay) {
    Duration bounded = delay.compareTo(LONGEST) > 0 ? LONGEST : delay;
    return now.plus(bounded).plusNanos(999_999).toEpochMilli();
  }

  /** A record of a channel as it waits for its time. */
  static ProducerRecord<byte[], byte[]> waiting(
      ProducerRecord<byte[], byte[]> record, long due, long now, DelayLevels levels) {
    ProducerRecord<byte[], byte[]> waiting =
        new ProducerRecord<>(
            KafkaNames.delayTopic(record.topic()),
            levels.partitionFor(due - now),
            now,
            record.key(),
            record.value(),
            record.headers());
    waiting.headers().remove(DUE).add(DUE, Long.toString(due).getBytes(StandardCharsets.US_ASCII));
    return waiting;
  }

  /** The next wait of a record of a delay topic. */
  static ProducerRecord<byte[], byte[]> waitingOn(
      String channel,
      ConsumerRecord<byte[], byte[]> record,
      long due,
      long now,
      DelayLevels levels) {
    return waiting(forChannel(channel, record), due, now, levels);
  }

  /** A record whose time has come, as it would have been without a delay. */
  static ProducerRecord<byte[], byte[]> forChannel(
      String channel, ConsumerRecord<byte[], byte[]> record) {
    ProducerRecord<byte[], byte[]> due =
        new ProducerRecord<>(channel, null, record.key(), record.value(), record.headers());
    Headers headers = due.headers();
    headers.remove(DUE);
    return due;
  }

  /** When a record of a delay topic is due; at once if it does not say, for it is not ours. */
  static long due(ConsumerRecord<byte[], byte[]> record) {
    Header due = record.headers().lastHeader(DUE);
    if (due == null || due.value() == null) {
      return 0;
    }
    try {
      return Long.parseLong(new String(due.value(), StandardCharsets.US_ASCII));
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
