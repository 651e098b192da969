package dev.waybill.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
  private static Row row(String contender, int round, double rate, @Nullable Double p50) {
    return new Row(
        "kafka",
        "produce",
        contender,
        "1.0",
        "ack of " + contender,
        "none",
        100,
        rate,
        10,
        1_000,
        p50,
        p50,
        p50,
        round,
        "17");
  }

  private final List<Row> rows =
      List.of(
          row("raw", 1, 1_000, 1_000.0),
          row("other", 1, 900, 2_000.0),
          row("other", 2, 1_500, 3_000.0),
          row("raw", 2, 3_000, 4_000.0),
          row("raw", 3, 2_000, 2_000.0),
          row("other", 3, 2_200, 2_500.0));

  @Test
  void a_ratio_is_the_median_of_the_ratios_within_the_rounds() {
    String page = new Report(rows, Size.Mode.FULL, "Kafka", "-Xmx1g").markdown();

    // 0.9, 0.5, 1.1; the ratio of the medians would be 0.75
    assertThat(page)
        .contains("| other | 1,500 (900 to 2,200) | 0.90 | 10.0 (10.0 to 10.0) | 1.00 |");
    assertThat(page).contains("| raw | 2,000 (1,000 to 3,000) | 1.00 |");
    assertThat(page).contains("| 2.5, 2.5, 2.5 |").contains("ack of other").contains("3 rounds");
  }

  @Test
  void each_bench_has_a_chart(@TempDir Path folder) throws Exception {
    new Charts(rows).write(folder);

    assertThat(Files.readString(folder.resolve("kafka-produce.svg")))
        .startsWith("<svg")
        .contains(">other</text>")
        .contains(">1,500</text>");
  }

  @Test
  void what_the_command_line_asks_for_is_understood_or_refused_by_name() {
    Options options =
        Options.of(
            List.of(
                "kafka", "--full", "--only", "waybill", "--bench", "slow-keyed", "--rounds", "7"));

    assertThat(options)
        .isEqualTo(
            new Options(
                List.of(Part.KAFKA),
                Size.Mode.FULL,
                List.of("waybill"),
                List.of(Bench.SLOW_KEYED),
                7));
    assertThatExceptionOfType(Failure.class)
        .isThrownBy(() -> Options.of(List.of("--bench", "consume,nothing")))
        .withMessageContaining("consume,nothing")
        .withMessageContaining("slow-keyed");
    assertThatExceptionOfType(Failure.class)
        .isThrownBy(() -> Options.of(List.of("--fast")))
        .withMessageContaining("'--fast'");
  }
}
