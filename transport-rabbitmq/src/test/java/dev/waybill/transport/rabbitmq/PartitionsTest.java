package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.routing.Queue;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PartitionsTest {
  @Test
  void the_slot_of_a_key_is_its_crc_32_modulo_128_for_ever() {
    assertThat(Partitions.slot("123456789")).isEqualTo(0xCBF43926L % 128); // CRC-32's check value
    assertThat(Partitions.slot("")).isZero();
    assertThat(Partitions.slot("Zürich")).isEqualTo(Partitions.slot("Z\u00fcrich"));
  }

  @Test
  void a_message_without_a_key_goes_by_its_id() {
    assertThat(Partitions.slot(Wires.message("a", "k"))).isEqualTo(Partitions.slot("k"));
    var one = Wires.message("a");
    assertThat(Partitions.slot(one)).isEqualTo(Partitions.slot(one.id()));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 8, 100, 128})
  void each_slot_belongs_to_one_partition(int count) {
    Partitions partitions = new Partitions(Map.of("q", count));
    List<String> dealt =
        IntStream.range(0, count)
            .mapToObj(i -> partitions.slots("q", i))
            .peek(slots -> assertThat(slots).hasSizeBetween(128 / count, 128 / count + 1))
            .flatMap(List::stream)
            .toList();
    assertThat(dealt)
        .containsExactlyInAnyOrderElementsOf(
            IntStream.range(0, 128).mapToObj(Integer::toString).toList());
  }

  @Test
  void a_queue_and_a_topic_agree_on_the_partition_of_a_key() {
    Partitions partitions = new Partitions(Map.of("q", 6));
    for (int i = 0; i < 1_000; i++) {
      var message = Wires.message("a", "key-" + i);
      String queue = partitions.queueFor("q", message);
      int partition = Integer.parseInt(queue.substring(queue.lastIndexOf('-') + 1));
      assertThat(partitions.slots("q", partition))
          .contains(Integer.toString(Partitions.slot(message)));
    }
    assertThat(partitions.queueFor("other", Wires.message("a", "k"))).isEqualTo("other");
  }

  @ParameterizedTest
  @ValueSource(strings = {"account-%d", "%d", "%08d", "a%dz", "2026-01-%d/x"})
  void keys_that_are_numbered_spread_over_the_partitions(String pattern) {
    Partitions partitions = new Partitions(Map.of("q", 8));
    Map<String, Long> counts =
        IntStream.range(0, 8_000)
            .mapToObj(i -> partitions.queueFor("q", Wires.message("", pattern.formatted(i))))
            .collect(Collectors.groupingBy(queue -> queue, Collectors.counting()));
    assertThat(counts).hasSize(8);
    assertThat(counts.values()).allSatisfy(count -> assertThat(count).isBetween(800L, 1_200L));
  }

  @ParameterizedTest
  @CsvSource({
    "8, 8, 1, 0",
    "8, 8, 2, 4",
    "4, 8, 2, 0",
    "8, 8, 3, 5",
    "3, 8, 3, 0",
    "1, 8, 20, 0",
    "2, 8, 20, 1",
    "0, 8, 2, 0",
    "8, 8, 0, 0"
  })
  void an_instance_leaves_what_is_over_its_share(int owned, int all, int instances, int excess) {
    assertThat(PartitionBalance.excess(owned, all, instances)).isEqualTo(excess);
  }

  @ParameterizedTest
  @CsvSource({"MISSING, 1", "REFUSED, 0", "THERE, 0"})
  void only_a_last_partition_that_is_seen_to_be_missing_means_that_there_are_fewer(
      PartitionCheck.Sight last, int problems) {
    RabbitLayout layout =
        RabbitLayout.of(Wires.topology(new Queue("q", true)), new Partitions(Map.of("q", 4)));
    Map<String, PartitionCheck.Sight> seen =
        Map.of("q.partition-0", PartitionCheck.Sight.THERE, "q.partition-3", last);

    assertThat(
            PartitionCheck.of(
                layout, queue -> seen.getOrDefault(queue, PartitionCheck.Sight.MISSING)))
        .hasSize(problems);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 1, 129})
  void a_number_out_of_range_is_refused(int count) {
    assertThatThrownBy(() -> RabbitTransport.builder().partitions("q", count))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(count + " partitions of 'q' are not from 2 to 128.");
  }
}
