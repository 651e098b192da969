package dev.waybill.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.bench.Contender.Place;
import java.time.Instant;
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
    Size size = Size.of(Part.INMEMORY, bench, Size.Mode.SMOKE);
    Place place = new Place("memory:", "orders", bench.partitions());

    Row row = new Trial(Part.INMEMORY, bench, contender, size, 3).run(place);

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
  @ValueSource(strings = {"raw", "waybill"})
  void the_first_message_is_handled(String contender) throws Exception {
    Instant before = Instant.now();
    Place place = new Place("memory:", "first-" + contender, 1);

    Instant handled = FirstMessage.handleOne(Part.STARTUP.contender(contender, place));

    assertThat(handled).isBetween(before, Instant.now());
  }
}
