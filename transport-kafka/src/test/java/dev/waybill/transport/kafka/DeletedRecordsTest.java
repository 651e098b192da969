package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Test;

/** What a real broker does not do on demand: be silent, then answer late. */
class DeletedRecordsTest {
  private static final TopicPartition GONE_ON = new TopicPartition("t", 0);
  private static final TopicPartition GIVEN_UP = new TopicPartition("t", 1);
  private static final TopicPartition DELETED = new TopicPartition("t", 2);

  private final Client client = new Client();
  private final DeletedRecords deleted = new DeletedRecords(client);

  @Test
  void a_late_answer_is_no_loss_where_the_log_has_gone_on_meanwhile_or_others_receive() {
    for (TopicPartition partition : List.of(GONE_ON, GIVEN_UP, DELETED)) {
      deleted.lookBefore(5, beginningAt(1, partition));
    }
    deleted.forget(List.of(GIVEN_UP));
    client.beginnings.putAll(Map.of(GONE_ON, 6L, GIVEN_UP, 5L, DELETED, 5L));

    try (Logged logged = new Logged()) {
      await().atMost(Inbox.LONG_ENOUGH).until(() -> deleted.news() != null);

      assertThat(logged.warnings(DeletedRecords.class.getName()))
          .singleElement()
          .asString()
          .startsWith("t-2 begins at 5 only: what it had from 1 on was deleted");
    }
    assertThat(client.asked).containsExactly(GONE_ON, GONE_ON, DELETED);
  }

  private static PartitionWork beginningAt(long offset, TopicPartition partition) {
    return new PartitionWork(
        partition, new OffsetAndMetadata(offset, ""), new PollClock(Duration.ofDays(1)));
  }

  /** Which is silent about what it does not know. */
  private static final class Client extends MockConsumer<byte[], byte[]> {
    final Map<TopicPartition, Long> beginnings = new HashMap<>();
    final List<TopicPartition> asked = new ArrayList<>();

    Client() {
      super("earliest");
    }

    @Override
    public synchronized Map<TopicPartition, Long> beginningOffsets(
        Collection<TopicPartition> partitions, Duration timeout) {
      asked.addAll(partitions);
      if (!beginnings.keySet().containsAll(partitions)) {
        throw new TimeoutException("silent");
      }
      return beginnings;
    }
  }
}
