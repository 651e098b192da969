package dev.waybill.transport.kafka;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Partitions that are assigned and not begun, for it is not known yet what the group has committed
 * for them. The broker does not tell while a transaction has an offset of one of them, perhaps that
 * of an instance that is gone, and then tells of none that is asked for with it: so they are asked
 * for together once, then one at a time, and what is begun goes on meanwhile. Used by the polling
 * thread alone.
 */
final class Beginnings {
  private static final Logger log = LoggerFactory.getLogger(Beginnings.class);

  /** If the log begins later, the consumer does too. */
  private static final long FROM_THE_START = 0;

  private static final Duration TOGETHER = Duration.ofSeconds(1);

  /** How long one is asked for, and not asked for then: twice as long each time, to the most. */
  private static final Duration LEAST = Duration.ofMillis(100);

  /** The polling thread does nothing else for so long. */
  private static final Duration MOST = Duration.ofSeconds(1);

  private final Consumer<byte[], byte[]> consumer;
  private final Deque<TopicPartition> waiting = new ArrayDeque<>();
  private boolean oneByOne;
  private Duration patience = LEAST;

  /** How many were asked for one by one, in this round, without an answer. */
  private int inVain;

  private Deadline notBefore = Deadline.in(Duration.ZERO);

  Beginnings(Consumer<byte[], byte[]> consumer) {
    this.consumer = consumer;
  }

  /**
   * Adds what was assigned just now. It gets a position, at which nothing is fetched: without one
   * of each the consumer would fetch nothing of the others.
   */
  void add(Collection<TopicPartition> partitions) {
    if (waiting.isEmpty()) {
      oneByOne = false;
      patience = LEAST;
      notBefore = Deadline.in(Duration.ZERO);
    }
    waiting.addAll(partitions);
    consumer.pause(partitions);
    partitions.forEach(partition -> consumer.seek(partition, FROM_THE_START));
  }

  void remove(Collection<TopicPartition> partitions) {
    waiting.removeAll(partitions);
  }

  boolean isEmpty() {
    return waiting.isEmpty();
  }

  /**
   * Asks, if it is time to, and begins those there is an answer for, with what is committed, or
   * null if nothing is. They are fetched from there on.
   *
   * @throws org.apache.kafka.common.KafkaException if the answer is a refusal
   */
  void begin(BiConsumer<TopicPartition, @Nullable OffsetAndMetadata> begun) {
    boolean answered = true;
    while (answered && !waiting.isEmpty() && notBefore.passed()) {
      answered = ask(oneByOne ? Set.of(waiting.element()) : Set.copyOf(waiting), begun);
    }
  }

  private boolean ask(
      Set<TopicPartition> partitions,
      BiConsumer<TopicPartition, @Nullable OffsetAndMetadata> begun) {
    Map<TopicPartition, OffsetAndMetadata> committed;
    try {
      committed = committed(partitions, Deadline.in(oneByOne ? patience : TOGETHER));
    } catch (TimeoutException | DisconnectException e) {
      log.debug("No answer for {}", partitions, e);
      notYet();
      return false;
    }
    waiting.removeAll(partitions);
    patience = LEAST;
    for (TopicPartition partition : partitions) {
      OffsetAndMetadata offset = committed.get(partition);
      begun.accept(partition, offset);
      consumer.seek(partition, offset == null ? FROM_THE_START : offset.offset());
    }
    consumer.resume(partitions);
    return true;
  }

  private void notYet() {
    if (!oneByOne) {
      oneByOne = true;
      log.warn(
          "It is not known yet what is committed for all of {}: each begins when it is; if an instance"
              + " died in a transaction, once the broker has ended that",
          waiting);
      return;
    }
    waiting.add(waiting.remove());
    inVain++;
    if (inVain < waiting.size()) {
      return; // each of them is asked for before any is again
    }
    inVain = 0;
    notBefore = Deadline.in(patience);
    Duration twice = patience.multipliedBy(2);
    patience = twice.compareTo(MOST) < 0 ? twice : MOST;
  }

  private Map<TopicPartition, OffsetAndMetadata> committed(
      Set<TopicPartition> partitions, Deadline deadline) {
    while (true) {
      try {
        return consumer.committed(partitions, Duration.ofMillis(deadline.remainingMillis()));
      } catch (WakeupException e) {
        log.trace("Woken up");
      }
    }
  }
}
