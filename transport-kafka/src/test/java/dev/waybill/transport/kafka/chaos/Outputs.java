package dev.waybill.transport.kafka.chaos;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.waybill.transport.kafka.chaos.Accounts.Charged;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * What the workers send, read from the log by a bare consumer without a group: each record once,
 * whatever happens to the cluster.
 */
final class Outputs implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Thread reader = new Thread(this::read, "chaos-outputs");
  private final List<Charged> all = new ArrayList<>();
  private final Set<Charged> distinct = new HashSet<>();
  private volatile boolean closed;
  private volatile @Nullable Exception failure;

  Outputs(String servers) {
    consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                servers,
                "isolation.level",
                "read_committed",
                "auto.offset.reset",
                "none"), // what was skipped would look as if it were lost
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer());
    List<TopicPartition> partitions =
        IntStream.range(0, Accounts.PARTITIONS)
            .mapToObj(i -> new TopicPartition(Accounts.CHARGED, i))
            .toList();
    consumer.assign(partitions);
    consumer.seekToBeginning(partitions);
    reader.start();
  }

  /** How many different ones there are; fails if they can't be read any more. */
  synchronized int count() {
    if (failure != null) {
      throw new IllegalStateException("what the workers sent can't be read", failure);
    }
    return distinct.size();
  }

  /** All so far; those of an account in the order of the log. */
  synchronized List<Charged> all() {
    return List.copyOf(all);
  }

  private void read() {
    try (consumer) {
      while (!closed) {
        for (ConsumerRecord<byte[], byte[]> each : consumer.poll(Duration.ofMillis(500))) {
          add(JSON.readValue(each.value(), Charged.class));
        }
      }
    } catch (IOException | RuntimeException e) {
      if (!(closed && e instanceof WakeupException)) {
        failure = e;
      }
    }
  }

  private synchronized void add(Charged output) {
    all.add(output);
    distinct.add(output);
  }

  @Override
  public void close() throws InterruptedException {
    closed = true;
    consumer.wakeup();
    reader.join();
  }
}
