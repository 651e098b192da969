package dev.waybill.transport.kafka;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How much of the partitions owned is not settled, and when that was known. Asks the brokers where
 * they end: what Kafka's client knows of it is of its last fetch, and nothing is fetched while a
 * receiver is paused, has as much as it may, or has no connection. Used by the polling thread
 * alone.
 */
final class Backlog {
  private static final Logger log = LoggerFactory.getLogger(Backlog.class);
  private static final Duration INTERVAL = Duration.ofSeconds(1);
  private static final Duration ASK = Duration.ofMillis(500);

  /** After no answer: the polling thread waits for each, and does nothing else then. */
  private static final Duration LATER = Duration.ofSeconds(10);

  private final Consumer<byte[], byte[]> consumer;
  private Deadline next = Deadline.in(Duration.ZERO);
  private @Nullable Long count;
  private @Nullable Instant asOf;

  Backlog(Consumer<byte[], byte[]> consumer) {
    this.consumer = consumer;
  }

  /** The last that is known, or null. */
  @Nullable Long count() {
    return count;
  }

  /** When that was; null if nothing is known. */
  @Nullable Instant asOf() {
    return asOf;
  }

  /** Nothing is known any more. */
  void forget() {
    count = null;
    asOf = null;
    next = Deadline.in(Duration.ZERO);
  }

  /** Asks, if it is time to; again while others wake the consumer, which is for the next poll. */
  void look(Collection<PartitionWork> works) {
    if (!next.passed()) {
      return;
    }
    Deadline deadline = Deadline.in(ASK);
    boolean woken = false;
    while (!isKnown(works, deadline)) {
      woken = true;
      if (deadline.passed()) {
        break;
      }
    }
    if (woken) {
      consumer.wakeup();
    }
  }

  /** Whether it is known now, or will not be for a while; false if something came between. */
  private boolean isKnown(Collection<PartitionWork> works, Deadline deadline) {
    Instant now = Instant.now();
    try {
      Set<TopicPartition> partitions =
          works.stream().map(PartitionWork::partition).collect(Collectors.toSet());
      Map<TopicPartition, Long> ends =
          consumer.endOffsets(partitions, Duration.ofMillis(deadline.remainingMillis()));
      long sum = 0;
      for (PartitionWork work : works) {
        Duration left = Duration.ofMillis(deadline.remainingMillis());
        long toFetch =
            ends.getOrDefault(work.partition(), 0L) - consumer.position(work.partition(), left);
        sum += Math.max(0, toFetch) + work.unsettled();
      }
      count = sum;
      asOf = now;
      next = Deadline.in(INTERVAL);
    } catch (WakeupException e) {
      return false;
    } catch (TimeoutException | DisconnectException e) {
      log.debug("It is not known where {} partitions end", works.size(), e);
      next = Deadline.in(LATER);
    }
    return true;
  }
}
