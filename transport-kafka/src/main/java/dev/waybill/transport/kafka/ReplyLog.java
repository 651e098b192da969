package dev.waybill.transport.kafka;

import dev.waybill.routing.ReplyQueue;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * The topic of a requester's replies, and how far this instance has read it: from its end as it was
 * when the connection was prepared, over consumers that fail. No group and no commit: what came
 * before is not for this instance, which is new. Used by one thread at a time.
 */
final class ReplyLog {
  private static final Duration LOOK = Duration.ofSeconds(1);

  private final ReplyQueue queue;
  private final ClientProperties properties;
  private final Map<TopicPartition, Long> positions = new HashMap<>();

  /**
   * Begins at the end as it is now; a topic that does not exist yet begins with its first record.
   *
   * @throws dev.waybill.error.MessagingException if the broker can't be asked
   */
  ReplyLog(ReplyQueue queue, ClientProperties properties, Deadline deadline) {
    this.queue = queue;
    this.properties = properties;
    try (Consumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties.replies())) {
      positions.putAll(consumer.endOffsets(partitions(consumer, deadline), deadline.remaining()));
    } catch (KafkaException e) {
      throw KafkaErrors.asking("look at the end of topic '" + topic() + "'", e);
    }
  }

  ReplyQueue queue() {
    return queue;
  }

  /**
   * A consumer that reads on.
   *
   * @throws dev.waybill.error.MessagingException if the topic does not exist
   */
  Consumer<byte[], byte[]> open() {
    Consumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties.replies());
    try {
      if (positions.isEmpty()) {
        partitions(consumer, Deadline.in(LOOK)).forEach(partition -> positions.put(partition, 0L));
      }
      if (positions.isEmpty()) {
        throw KafkaErrors.noTopic(topic(), queue.toString());
      }
      consumer.assign(positions.keySet());
      positions.forEach(consumer::seek);
      return consumer;
    } catch (RuntimeException e) {
      consumer.close(CloseOptions.timeout(Duration.ZERO));
      throw e;
    }
  }

  /** Notes how far a consumer has read. */
  void read(ConsumerRecords<byte[], byte[]> records) {
    records.nextOffsets().forEach((partition, next) -> positions.put(partition, next.offset()));
  }

  private List<TopicPartition> partitions(Consumer<byte[], byte[]> consumer, Deadline deadline) {
    return consumer.partitionsFor(topic(), deadline.remaining()).stream()
        .map(info -> new TopicPartition(info.topic(), info.partition()))
        .toList();
  }

  private String topic() {
    return KafkaNames.topic(queue);
  }
}
