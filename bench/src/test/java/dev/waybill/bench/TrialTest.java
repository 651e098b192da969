package dev.waybill.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.bench.Contender.Place;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrialTest {
  @ParameterizedTest
  @CsvSource({
    "raw, PRODUCE",
    "raw, CONSUME",
    "waybill, PRODUCE",
    "waybill, CONSUME",
    "waybill, SLOW_KEYED",
    "waybill, BACKLOG_SLOW_KEY",
    "raw, FLOW",
    "waybill, FLOW",
    "plain-call, FLOW",
    "array-blocking-queue, FLOW",
    "raw, LATENCY",
    "waybill, LATENCY",
    "array-blocking-queue, LATENCY"
  })
  void a_small_trial_in_memory_measures_what_it_was_asked_to(String contender, Bench bench) {
    Turn turn = new Turn(Part.INMEMORY, bench, contender, 0, 3);
    Size size = Size.of(turn, Size.Mode.SMOKE);
    Place place = new Place("memory:", "orders", bench.partitions());

    Row row = new Trial(turn, size).run(place);

    assertThat(row.part()).isEqualTo("inmemory");
    assertThat(row.bench()).isEqualTo(bench.id());
    assertThat(row.contender()).isEqualTo(contender);
    assertThat(row.round()).isEqualTo(3);
    assertThat(row.n()).isBetween(1L, size.log());
    assertThat(row.msgsPerS()).isPositive();
    assertThat(row.allocBytesPerMsg()).isPositive();
    assertThat(row.p50Us() == null).isEqualTo(bench != Bench.PRODUCE && bench != Bench.LATENCY);
    assertThat(Row.ofJson(row.toJson())).isEqualTo(row);
  }

  @ParameterizedTest
  @CsvSource({"CHANNELS, 10", "KEYS, 1", "KEYS, 2000", "BODIES, 128", "BODIES, 102400"})
  void a_small_trial_of_growth_is_of_the_level_that_it_was_asked_for(Bench bench, int level) {
    Turn turn = new Turn(Part.GROWTH, bench, "waybill", level, 1);

    Row row = new Trial(turn, Size.of(turn, Size.Mode.SMOKE)).run(place(bench));

    assertThat(row.bench()).isEqualTo(bench.id());
    assertThat(row.more().level()).isEqualTo(level);
    assertThat(row.msgsPerS()).isPositive();
    assertThat(Row.ofJson(row.toJson())).isEqualTo(row);
  }

  @Test
  void what_subscriptions_keep_is_measured() {
    Turn turn = new Turn(Part.GROWTH, Bench.SUBSCRIPTIONS, "waybill", 50, 1);

    Row row = new Trial(turn, Size.of(turn, Size.Mode.SMOKE)).run(place(Bench.SUBSCRIPTIONS));

    assertThat(row.more().heapBytes()).isNotNull();
    assertThat(row.more().threads()).isNotNegative();
    assertThat(row.n()).isEqualTo(300);
    assertThat(Row.ofJson(row.toJson())).isEqualTo(row);
  }

  private static Place place(Bench bench) {
    return new Place("memory:", bench.id(), bench.partitions());
  }

  @ParameterizedTest
  @ValueSource(strings = {"raw", "waybill"})
  void the_first_message_is_handled(String contender) throws Exception {
    Instant before = Instant.now();
    Place place = new Place("memory:", "first-" + contender, 1);

    Instant handled = FirstMessage.handleOne(Part.STARTUP.contender(contender, place));

    assertThat(handled).isBetween(before, Instant.now());
  }
}
