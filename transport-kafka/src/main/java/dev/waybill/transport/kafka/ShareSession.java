package dev.waybill.transport.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ShareConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A consumer of a share group, and the batch of records that are locked for it. Kafka's client
 * fetches the next batch only when every record of this one is acknowledged. Used by one thread
 * alone, but for {@link #wakeup}.
 */
final class ShareSession {
  private static final Logger log = LoggerFactory.getLogger(ShareSession.class);
  private static final Duration COMMIT = Duration.ofSeconds(5);
  private static final Duration LEAVE = Duration.ofMillis(1500);

  private final ShareConsumer<byte[], byte[]> consumer;
  private final Duration usualLock;
  private final Set<Acquired> open = new LinkedHashSet<>();
  private Deadline halfway = Deadline.in(Duration.ZERO);

  /**
   * A session.
   *
   * @param usualLock how long a lock is, unless the broker says otherwise
   */
  ShareSession(ShareConsumer<byte[], byte[]> consumer, String topic, Duration usualLock) {
    this.consumer = consumer;
    this.usualLock = usualLock;
    consumer.subscribe(List.of(topic));
  }

  ConnectionWatch watch() {
    return ConnectionWatch.inShareGroup(consumer);
  }

  /** Makes a call that is under way fail; may be called from any thread. */
  void wakeup() {
    consumer.wakeup();
  }

  /** Whether nothing is locked, so that {@link #poll} may be called. */
  boolean isEmpty() {
    return open.isEmpty();
  }

  Collection<Acquired> open() {
    return List.copyOf(open);
  }

  /** Fetches a batch. */
  List<Acquired> poll(Duration timeout) {
    long before = System.nanoTime();
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    consumer.poll(timeout).forEach(records::add);
    if (records.isEmpty()) {
      return List.of();
    }
    Deadline until = lockedSince(before);
    records.forEach(record -> open.add(new Acquired(record, until)));
    return List.copyOf(open);
  }

  /**
   * Acknowledges records, which are not open then any more.
   *
   * @return of each partition for which the broker has refused it the reason
   * @throws KafkaException if there was no answer: this session can't be used any more
   */
  Map<TopicPartition, KafkaException> acknowledge(Map<Acquired, AcknowledgeType> records) {
    open.removeAll(records.keySet());
    return commit(records);
  }

  /** Whether half of the locks' time is over. */
  boolean isHalfway() {
    return halfway.passed();
  }

  /** Renews all locks; returns those that could not be, which are not open any more. */
  List<Acquired> renew() {
    long before = System.nanoTime();
    Map<Acquired, AcknowledgeType> all = new HashMap<>();
    open.forEach(acquired -> all.put(acquired, AcknowledgeType.RENEW));
    Map<TopicPartition, KafkaException> refused = commit(all);
    Deadline until = lockedSince(before);
    List<Acquired> lost = new ArrayList<>();
    for (Acquired acquired : all.keySet()) {
      if (refused.containsKey(acquired.partition())) {
        lost.add(acquired);
      } else if (acquired.isOwned()) { // what was lost meanwhile may be given up already
        acquired.lockedUntil(until);
      }
    }
    lost.forEach(open::remove);
    if (!open.isEmpty()) {
      var unused = consumer.poll(Duration.ZERO); // makes the renewed ones acknowledgeable again
    }
    return lost;
  }

  /**
   * Gives back what is not ours any more by the clock; apart from others, for one refusal is a
   * refusal of all.
   *
   * @param lose is told of each, before the broker is
   */
  void dropLost(Consumer<Acquired> lose) {
    Map<Acquired, AcknowledgeType> lost = new HashMap<>();
    for (Acquired acquired : open) {
      if (!acquired.isOwned()) {
        lost.put(acquired, AcknowledgeType.RELEASE);
      }
    }
    lost.keySet().forEach(lose);
    if (!lost.isEmpty()) {
      log.debug("Locks were lost; giving them back: {}", acknowledge(lost));
    }
  }

  /** Leaves the group; the broker gives back what is open. */
  void close() {
    try {
      consumer.close(LEAVE);
    } catch (KafkaException e) {
      log.warn("A Kafka share consumer did not close cleanly", e);
    }
  }

  private Map<TopicPartition, KafkaException> commit(Map<Acquired, AcknowledgeType> records) {
    records.forEach((acquired, type) -> consumer.acknowledge(acquired.record(), type));
    Map<TopicPartition, KafkaException> refused = new HashMap<>();
    consumer
        .commitSync(COMMIT)
        .forEach(
            (partition, error) ->
                error.ifPresent(reason -> refused.put(partition.topicPartition(), reason)));
    return refused;
  }

  /** When locks end that were given or renewed after {@code nanoTime}. */
  private Deadline lockedSince(long nanoTime) {
    Duration lock = consumer.acquisitionLockTimeoutMs().map(Duration::ofMillis).orElse(usualLock);
    Duration passed = Duration.ofNanos(System.nanoTime() - nanoTime);
    halfway = Deadline.in(lock.dividedBy(2).minus(passed));
    return Deadline.in(lock.minus(passed));
  }
}
