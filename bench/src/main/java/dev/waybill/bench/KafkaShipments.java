package dev.waybill.bench;

import dev.waybill.bench.Contender.Place;
import java.time.Duration;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** What handlers have stored of a log, each order of which has to be there once. */
final class KafkaShipments implements AutoCloseable {
  private static final long PATIENCE_NANOS = 120_000_000_000L;
  private static final Duration POLL = Duration.ofMillis(100);

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Once once;

  KafkaShipments(Place place, long orders) {
    this.once = new Once(orders);
    this.consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                RawKafka.servers(place),
                "auto.offset.reset",
                "earliest",
                "isolation.level",
                "read_committed"),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer());
    consumer.assign(
        IntStream.range(0, place.partitions())
            .mapToObj(i -> new TopicPartition(place.shipments(), i))
            .toList());
  }

  /**
   * Waits until all are there.
   *
   * @throws Failure if one is missing, or there twice
   */
  void awaitAll() {
    readUntil(() -> once.missing() == 0);
  }

  /**
   * Reads what is left, when nobody sends any more.
   *
   * @throws Failure if one is there twice
   */
  void readOn() {
    Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment());
    readUntil(
        () ->
            ends.entrySet().stream()
                .allMatch(end -> consumer.position(end.getKey()) >= end.getValue()));
  }

  private void readUntil(BooleanSupplier enough) {
    long begun = System.nanoTime();
    while (!enough.getAsBoolean()) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        once.see(Json.decode(record.value()));
      }
      if (System.nanoTime() - begun > PATIENCE_NANOS) {
        throw new Failure(once.missing() + " orders have not been shipped");
      }
    }
  }

  @Override
  public void close() {
    consumer.close();
  }
}
