package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import java.time.Duration;
import java.util.Collection;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
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

  private final Consumer<byte[], byte[]> consumer;
  private @Nullable MessagingException problem;

  DeletedRecords(Consumer<byte[], byte[]> consumer) {
    this.consumer = consumer;
  }

  /** What was deleted since the last call, or null. */
  @Nullable MessagingException news() {
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
    if (begin.isEmpty()) {
      return;
    }
    TopicPartition partition = work.partition();
    try {
      Long kept = consumer.beginningOffsets(Set.of(partition), ASK).get(partition);
      if (kept != null && kept > begin.getAsLong()) {
        tell(
            ("%s begins at %d only: what it had from %d on was deleted before its group has handled"
                    + " it. Give its topic a retention that is longer than the group is ever away.")
                .formatted(partition, kept, begin.getAsLong()));
      }
    } catch (TimeoutException | WakeupException e) {
      log.debug("It is not known where {} begins", partition, e);
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
