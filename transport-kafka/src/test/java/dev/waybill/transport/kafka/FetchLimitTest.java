package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class FetchLimitTest {
  private static final Duration HOUR = Duration.ofHours(1);

  private final FetchLimit limit = new FetchLimit(90, 10);
  private final PartitionWork one = partition(1);
  private final PartitionWork two = partition(2);
  private final PartitionWork three = partition(3);
  private final List<PartitionWork> works = List.of(one, two, three);
  private final Map<PartitionWork, Long> position = new HashMap<>();

  @Test
  void a_partition_is_not_fetched_from_while_its_share_waits_until_half_of_it_is_taken() {
    add(one, 29, "a");
    assertThat(limit.full(works)).isEmpty();
    add(one, 1, "a");
    add(two, 29, "b");
    assertThat(limit.full(works)).containsExactly(one.partition());
    one.next(14);
    assertThat(limit.full(works)).containsExactly(one.partition());
    one.next(1);
    assertThat(limit.full(works)).isEmpty();
  }

  @Test
  void nothing_is_fetched_while_as_many_wait_as_may() {
    add(one, 88, "a");
    add(two, 1, "b");
    assertThat(limit.full(works)).containsExactly(one.partition());
    add(two, 1, "b");
    assertThat(limit.full(works))
        .containsExactlyInAnyOrder(one.partition(), two.partition(), three.partition());
    one.next(1);
    assertThat(limit.full(works)).containsExactly(one.partition());
  }

  @Test
  void what_waits_behind_a_retry_does_not_keep_the_other_keys_of_its_partition_out() {
    add(one, 1, "a");
    Held head = Taken.next(one);
    one.putBack(head, HOUR, 1);
    add(one, 43, "a");
    add(two, 5, "b");
    assertThat(limit.full(works)).isEmpty();
  }

  @Test
  void what_waits_behind_a_retry_does_not_keep_the_other_partitions_out() {
    add(one, 1, "a");
    one.putBack(Taken.next(one), HOUR, 1);
    add(one, 500, "a");
    add(two, 20, "b");
    assertThat(limit.full(works)).containsExactly(one.partition());
    add(two, 1, "c");
    two.putBack(Taken.next(two), HOUR, 1);
    add(two, 10, "b");
    assertThat(limit.full(works)).containsExactlyInAnyOrder(one.partition(), two.partition());
    add(three, 29, "d");
    assertThat(limit.full(works)).doesNotContain(three.partition());
    add(three, 61, "d");
    assertThat(limit.full(works)).hasSize(3);
  }

  @Test
  void a_partition_that_was_full_is_fetched_from_again_when_a_record_of_it_waits_for_its_time() {
    add(one, 40, "a");
    assertThat(limit.full(works)).containsExactly(one.partition());
    one.putBack(Taken.next(one), HOUR, 1);
    assertThat(limit.full(works)).isEmpty();
  }

  @Test
  void a_backlog_whose_keys_have_enough_open_is_fetched_again_when_half_of_it_is_taken() {
    add(one, 52, "a");
    assertThat(one.next(2)).hasSize(2);
    assertThat(one.nextOfQuietKeys(1)).isEmpty();
    assertThat(limit.full(works)).containsExactly(one.partition());
    one.next(27);
    assertThat(limit.full(works)).containsExactly(one.partition());
    one.next(1);
    assertThat(limit.full(works)).isEmpty();
  }

  @Test
  void what_waits_for_others_of_its_key_counts_for_all_partitions() {
    for (PartitionWork work : works) {
      add(work, 32, "a");
      assertThat(work.next(2)).hasSize(2);
      assertThat(work.nextOfQuietKeys(1)).isEmpty();
    }
    one.next(1);
    two.next(1);
    add(three, 1, "a");
    assertThat(limit.full(works)).containsExactly(three.partition());
    add(three, 1, "a");
    assertThat(limit.full(works)).hasSize(3);
  }

  @Test
  void however_many_partitions_there_are_each_may_have_a_few() {
    List<PartitionWork> many = new ArrayList<>(works);
    for (int number = 4; number <= 100; number++) {
      many.add(partition(number));
    }
    add(one, 9, "a");
    add(two, 10, "b");
    assertThat(limit.full(many)).containsExactly(two.partition());
  }

  @Test
  void a_partition_that_is_not_owned_any_more_is_forgotten() {
    add(one, 40, "a");
    assertThat(limit.full(works)).containsExactly(one.partition());
    assertThat(limit.full(List.of(two, three))).isEmpty();
    PartitionWork again = partition(1);
    add(again, 20, "a");
    assertThat(limit.full(List.of(again, two, three))).isEmpty();
  }

  private static PartitionWork partition(int number) {
    TopicPartition partition = new TopicPartition("t", number);
    return new PartitionWork(partition, null, new PollClock(HOUR));
  }

  private void add(PartitionWork work, int count, String key) {
    long from = position.merge(work, (long) count, Long::sum) - count;
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (long offset = from; offset < from + count; offset++) {
      records.add(
          new ConsumerRecord<>(
              "t",
              work.partition().partition(),
              offset,
              key.getBytes(StandardCharsets.UTF_8),
              new byte[0]));
    }
    work.add(records, from + count);
  }
}
