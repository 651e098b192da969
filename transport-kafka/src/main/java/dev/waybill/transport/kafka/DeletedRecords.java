package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices what the log does not have any more though it was not handled. Used by the polling thread
 * alone.
 */
final class DeletedRecords {
  private static final Logger log = LoggerFactory.getLogger(DeletedRecords.class);
  private static final Duration ASK = Duration.ofSeconds(1);

  /** After no answer: the polling thread waits for each, and does nothing else then. */
  private static final Duration LATER = Duration.ofSeconds(10);

  /**
   * Offsets from the one where an assignment was to begin to the first that was there.
   *
   * @param asked whether there was no answer before
   */
  private record Gap(TopicPartition partition, long from, long to, boolean asked) {
    /** The same, with a question that had no answer. */
    Gap asAsked() {
      return new Gap(partition, from, to, true);
    }

    /**
     * Whether the log was cut in it before that first record was fetched. What begins beyond that
     * does not tell when the answer is late: retention has gone on meanwhile.
     */
    boolean isDeletedIf(long kept) {
      return kept > from && !(asked && kept > to);
    }
  }

  private final Consumer<byte[], byte[]> consumer;
  private final Queue<Gap> unanswered = new ArrayDeque<>();
  private Deadline next = Deadline.in(Duration.ZERO);
  private @Nullable MessagingException problem;

  DeletedRecords(Consumer<byte[], byte[]> consumer) {
    this.consumer = consumer;
  }

  /** What was deleted since the last call, or null. Asks again what had no answer. */
  @Nullable MessagingException news() {
    look();
    MessagingException news = problem;
    problem = null;
    return news;
  }

  /**
   * Looks whether records were deleted before the first one of an assignment. Offsets without
   * records are no sign yet: transactions and compaction leave such.
   */
  void lookBefore(long first, PartitionWork work) {
    OptionalLong begin = work.beginsLate(first);
    if (begin.isPresent()) {
      unanswered.add(new Gap(work.partition(), begin.getAsLong(), first, false));
      look();
    }
  }

  /** Asks no more about partitions that others have now. */
  void forget(Collection<TopicPartition> partitions) {
    unanswered.removeIf(gap -> partitions.contains(gap.partition()));
  }

  private void look() {
    while (!unanswered.isEmpty() && next.passed()) {
      Gap gap = unanswered.remove();
      try {
        look(gap);
      } catch (TimeoutException | DisconnectException e) {
        log.debug("It is not known where {} begins", gap.partition(), e);
        unanswered.add(gap.asAsked());
        next = Deadline.in(LATER);
      }
    }
  }

  private void look(Gap gap) {
    Long kept = beginning(gap.partition(), Deadline.in(ASK));
    if (kept != null && gap.isDeletedIf(kept)) {
      tell(
          ("%s begins at %d only: what it had from %d on was deleted before its group has handled"
                  + " it. Give its topic a retention that is longer than the group is ever away.")
              .formatted(gap.partition(), Math.min(kept, gap.to()), gap.from()));
    }
  }

  private @Nullable Long beginning(TopicPartition partition, Deadline deadline) {
    while (true) {
      try {
        Duration left = Duration.ofMillis(deadline.remainingMillis());
        return consumer.beginningOffsets(Set.of(partition), left).get(partition);
      } catch (WakeupException e) {
        log.trace("Woken up");
      }
    }
  }

  /** Notes that records which were to be tried again were passed over. */
  void gone(TopicPartition partition, Collection<Long> offsets) {
    if (!offsets.isEmpty()) {
      tell(
          ("%s has not any more what was to be tried again, at the offsets %s. Give its topic a"
                  + " retention that is longer than messages wait for their retry; a compacted topic"
                  + " keeps what is not replaced.")
              .formatted(partition, new TreeSet<>(offsets)));
    }
  }

  private void tell(String text) {
    log.warn("{}", text);
    problem = new MessagingException(ErrorCode.TOPOLOGY_MISMATCH, text);
  }
}
