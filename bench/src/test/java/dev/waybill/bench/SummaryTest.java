package dev.waybill.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SummaryTest {
  private static final Path README = Path.of("../README.md");
  private static final Path PUBLISHED = Path.of("results/published");

  private static Row row(String contender, double rate, String mode) {
    return new Row(
        "kafka",
        "produce",
        contender,
        "1.0",
        "ack of " + contender,
        "none",
        100,
        rate,
        10_000 / rate,
        1_000,
        null,
        null,
        null,
        1,
        "17",
        Row.More.NOTHING,
        new Conditions("2026-01-02", "2 cores of a kind", "Kafka 4, one node", mode, "-Xmx1g"),
        null);
  }

  private static Path write(Path folder, String mode) throws Exception {
    List<Row> rows =
        List.of(
            row("raw", 1_000, mode),
            row("waybill", 950, mode),
            row("spring-kafka", 600, mode),
            row("camel-kafka", 800, mode),
            Row.without(new Turn(Part.KAFKA, Bench.PRODUCE, "broken", 0, 1), "no such class"));
    Path results = Files.createDirectories(folder.resolve("results"));
    Files.write(results.resolve("kafka.jsonl"), rows.stream().map(Row::toJson).toList());
    Files.writeString(results.resolve("kafka.md"), new Report(rows).markdown());
    new Charts(rows).write(results);
    return results;
  }

  @Test
  void the_block_in_the_readme_is_what_the_published_results_say() throws Exception {
    String readme = Files.readString(README);

    assertThat(readme)
        .as("the block is out of date; this writes it anew: bench/run readme")
        .contains(Summary.BEGIN, Summary.END)
        .isEqualTo(Summary.of(PUBLISHED).in(readme));
  }

  @Test
  void waybill_and_the_best_peer_stand_beside_the_bare_client(@TempDir Path folder)
      throws Exception {
    Path published = folder.resolve("published");

    Summary.publish(write(folder, "standard"), published);

    assertThat(Summary.of(published).block())
        .contains("| kafka | produce | 0.95 | 1.05 | 1.00 | 0.80 camel-kafka |")
        .contains("Of 2026-01-02; 2 cores of a kind")
        .contains("JDK 17; Kafka 4.")
        .contains("(bench/results/published/kafka.md)")
        .contains("(bench/results/published/summary.svg)");
    assertThat(published)
        .isDirectoryContaining("glob:**/kafka.md")
        .isDirectoryContaining("glob:**/kafka-produce.svg");
    assertThat(Files.readString(published.resolve("summary.svg")))
        .contains(">kafka, produce: waybill</text>")
        .contains(">kafka, produce: camel-kafka</text>");
  }

  @Test
  void charts_of_benches_that_the_last_run_had_not_are_not_published(@TempDir Path folder)
      throws Exception {
    Path results = write(folder, "standard");
    Path published = Files.createDirectories(folder.resolve("published"));
    for (Path earlier : List.of(results, published)) {
      Files.writeString(earlier.resolve("kafka-latency.svg"), "of a run before");
    }
    Files.writeString(published.resolve("rabbitmq-latency.svg"), "not run again");

    Summary.publish(results, published);

    assertThat(published)
        .isDirectoryNotContaining("glob:**/kafka-latency.svg")
        .isDirectoryContaining("glob:**/kafka-produce.svg")
        .isDirectoryContaining("glob:**/rabbitmq-latency.svg");
  }

  @Test
  void a_run_in_a_hurry_is_not_published(@TempDir Path folder) throws Exception {
    Path results = write(folder, "quick");

    assertThatExceptionOfType(Failure.class)
        .isThrownBy(() -> Summary.publish(results, folder.resolve("published")))
        .withMessageContaining("kafka.jsonl")
        .withMessageContaining("--standard");
  }

  @Test
  void only_the_block_of_a_text_is_changed(@TempDir Path folder) throws Exception {
    String text = "before\n" + Summary.BEGIN + "old\n" + Summary.END + "\nafter\n";

    assertThat(Summary.of(folder).in(text))
        .isEqualTo(
            "before\n" + Summary.BEGIN + "Nothing is published yet.\n" + Summary.END + "\nafter\n");
  }
}
