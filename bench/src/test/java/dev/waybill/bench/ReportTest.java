package dev.waybill.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
        "17",
        Row.More.NOTHING,
        new Conditions("2026-01-02", "2 cores of a kind", "Kafka 4, one node", "full", "-Xmx1g"),
        null);
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
    String page = new Report(rows).markdown();

    // 0.9, 0.5, 1.1; the ratio of the medians would be 0.75
    assertThat(page)
        .contains("| other | 1,500 (900 to 2,200) | 0.90 | 10.0 (10.0 to 10.0) | 1.00 |");
    assertThat(page).contains("| raw | 2,000 (1,000 to 3,000) | 1.00 |");
    assertThat(page).contains("| 2.5, 2.5, 2.5 |").contains("ack of other").contains("3 rounds");
    assertThat(page)
        .contains("Of 2026-01-02. Machine: 2 cores of a kind;")
        .contains("Broker: Kafka 4, one node. JVM of each trial: 17, -Xmx1g.")
        .contains("| raw | 1.0 | ack of raw |  | none |");
  }

  @Test
  void a_contender_that_could_not_be_measured_is_listed_with_the_reason() {
    Row without = Row.without(new Turn(Part.KAFKA, Bench.PRODUCE, "broken", 0, 1), "no such class");
    List<Row> all = new ArrayList<>(rows);
    all.add(without);

    String page = new Report(all).markdown();

    assertThat(page)
        .contains("- broken could not be measured: no such class")
        .doesNotContain("| broken |")
        .contains("| other | 1,500 (900 to 2,200) |");
    assertThat(Row.ofJson(without.toJson())).isEqualTo(without);
  }

  @Test
  void start_up_is_told_in_milliseconds_beside_the_size_of_the_class_path(@TempDir Path folder)
      throws Exception {
    Path jar = Files.write(folder.resolve("a-1.jar"), new byte[2_500_000]);
    Path other = Files.write(folder.resolve("b-1.jar"), new byte[400_000]);
    ClassPath classPath = new ClassPath(List.of(folder), List.of(jar, other));
    Row first =
        new Row(
            "startup",
            "startup",
            "waybill",
            "1.0",
            "ack",
            "none",
            1,
            4,
            300_000,
            7e6,
            null,
            null,
            null,
            1,
            "17",
            Row.More.NOTHING,
            Conditions.NONE,
            null);

    String page = new Report(List.of(first.on(classPath))).markdown();

    assertThat(page)
        .contains("| waybill | 250 (250 to 250) | 1.00 | 300 (300 to 300) |")
        .contains("| 2 | 2.9 |");
    assertThat(classPath.only("a-").jars()).containsExactly(jar);
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
                7,
                7));
    assertThat(Options.of(List.of("--standard")).rounds(Part.KAFKA, "waybill")).isEqualTo(3);
    assertThat(Options.of(List.of("--standard")).rounds(Part.KAFKA, "camel-kafka")).isEqualTo(1);
    assertThat(Options.of(List.of("--standard")).rounds(Part.RABBITMQ_CLASSIC, "camel-rabbitmq"))
        .isZero();
    assertThat(Options.of(List.of("--peer-rounds", "2")).rounds(Part.KAFKA, "raw")).isEqualTo(5);
    assertThat(Options.of(List.of("--peer-rounds", "2")).peerRounds()).isEqualTo(2);
    assertThat(Options.of(List.of()).benches()).doesNotContain(Bench.LATENCY, Bench.BACKLOG);
    assertThatExceptionOfType(Failure.class)
        .isThrownBy(() -> Options.of(List.of("--bench", "consume,nothing")))
        .withMessageContaining("consume,nothing")
        .withMessageContaining("slow-keyed");
    assertThatExceptionOfType(Failure.class)
        .isThrownBy(() -> Options.of(List.of("--fast")))
        .withMessageContaining("'--fast'");
    assertThatExceptionOfType(Failure.class)
        .isThrownBy(() -> Options.of(List.of("--rounds", "0")))
        .withMessageContaining("--rounds 0");
  }
}
