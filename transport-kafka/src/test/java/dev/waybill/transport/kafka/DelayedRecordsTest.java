package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class DelayedRecordsTest {
  private static final byte[] KEY = {1, (byte) 0xff};
  private static final byte[] VALUE = {2, (byte) 0xfe};

  @Test
  void aDueTimeIsNeverBeforeTheDelayIsOver() {
    Instant now = Instant.ofEpochSecond(100, 1);

    assertThat(DelayedRecords.due(now, Duration.ofMillis(1))).isEqualTo(100_002);
    assertThat(DelayedRecords.due(now, Duration.ofNanos(1))).isEqualTo(100_001);
    assertThat(DelayedRecords.due(now, Duration.ofSeconds(Long.MAX_VALUE)))
        .isGreaterThan(now.plus(Duration.ofDays(300_000)).toEpochMilli());
  }

  @Test
  void aRecordWaitsAndComesBackAsItWas() {
    ProducerRecord<byte[], byte[]> record = new ProducerRecord<>("orders", KEY, VALUE);
    record.headers().add("ce_id", bytes("m-1")).add("raw", new byte[] {(byte) 0xff});

    ProducerRecord<byte[], byte[]> waiting =
        DelayedRecords.waiting(record, 25_000, 5_000, DelayLevels.SECONDS);

    assertThat(waiting.topic()).isEqualTo("orders.delayed");
    assertThat(waiting.partition()).isEqualTo(3);
    assertThat(waiting.timestamp()).isEqualTo(5_000);
    assertThat(DelayedRecords.due(read(waiting))).isEqualTo(25_000);
    ProducerRecord<byte[], byte[]> back = DelayedRecords.forChannel("orders", read(waiting));
    assertThat(back).isEqualTo(record);
  }

  @Test
  void aRecordWaitsOnUntilTheSameTime() {
    ProducerRecord<byte[], byte[]> first =
        DelayedRecords.waiting(
            new ProducerRecord<>("orders", KEY, VALUE), 25_000, 5_000, DelayLevels.SECONDS);

    ProducerRecord<byte[], byte[]> second =
        DelayedRecords.waitingOn("orders", read(first), 25_000, 21_000, DelayLevels.SECONDS);

    assertThat(second.partition()).isEqualTo(2);
    assertThat(DelayedRecords.due(read(second))).isEqualTo(25_000);
    assertThat(second.headers().headers(DelayedRecords.DUE)).hasSize(1);
  }

  @Test
  void aForeignRecordIsDueAtOnce() {
    ProducerRecord<byte[], byte[]> none = new ProducerRecord<>("orders.delayed", 0, KEY, VALUE);
    ProducerRecord<byte[], byte[]> empty = new ProducerRecord<>("orders.delayed", 0, KEY, VALUE);
    empty.headers().add(DelayedRecords.DUE, null);
    ProducerRecord<byte[], byte[]> odd = new ProducerRecord<>("orders.delayed", 0, KEY, VALUE);
    odd.headers().add(DelayedRecords.DUE, bytes("tomorrow"));

    assertThat(Arrays.asList(none, empty, odd))
        .allSatisfy(record -> assertThat(DelayedRecords.due(read(record))).isZero());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  static ConsumerRecord<byte[], byte[]> read(ProducerRecord<byte[], byte[]> record) {
    return read(record, 0);
  }

  static ConsumerRecord<byte[], byte[]> read(ProducerRecord<byte[], byte[]> record, long offset) {
    Headers headers = new RecordHeaders(record.headers());
    return new ConsumerRecord<>(
        record.topic(),
        record.partition(),
        offset,
        record.timestamp() == null ? 0 : record.timestamp(),
        TimestampType.CREATE_TIME,
        KEY.length,
        VALUE.length,
        record.key(),
        record.value(),
        headers,
        Optional.empty());
  }
}
