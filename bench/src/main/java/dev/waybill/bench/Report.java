package dev.waybill.bench;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** Rows as a page: medians over the rounds, and ratios to the first of the same round. */
record Report(List<Row> rows) {
  private static final List<String> RATES =
      List.of(
          "| | messages/s | ratio | CPU µs each | ratio | bytes each | ratio | p50, p99, p99.9 ms"
              + " |",
          "| --- | --- | --- | --- | --- | --- | --- | --- |");
  private static final List<String> STARTUP =
      List.of(
          "| | first message, ms | ratio | CPU ms | ratio | allocated MB | ratio | jars | MB of"
              + " jars |",
          "| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
  private static final List<String> SUBSCRIPTIONS =
      List.of(
          "| | copies/s | ratio | CPU µs each | ratio | bytes each | ratio | heap KiB of each"
              + " subscription, threads of all |",
          "| --- | --- | --- | --- | --- | --- | --- | --- |");

  /** The page in Markdown. */
  String markdown() {
    List<String> lines = new ArrayList<>();
    Row first = rows.get(0);
    lines.add("# Results: " + first.part());
    lines.add("");
    Conditions all = first.conditions();
    lines.add(
        "Of %s. Machine: %s; broker, and client, on it.".formatted(all.date(), all.machine()));
    lines.add(
        "Broker: %s. JVM of each trial: %s, %s.".formatted(all.broker(), first.java(), all.jvm()));
    lines.add(
        "%s mode, %d rounds. Median (lowest to highest); ratios are the median of the ratios to"
                .formatted(all.mode(), rounds())
            + " the first contender in the same round, at the same level.");
    for (String bench : distinct(Row::bench)) {
      lines.add("");
      lines.add("## " + bench);
      lines.add("");
      lines.add(
          (bench.endsWith(Bench.BODIES.id()) ? "" : "1 KiB of JSON; ")
              + Bench.of(bench).inWords()
              + ".");
      lines.add("");
      table(lines, Bench.of(bench));
      lines.addAll(withoutFigures(bench));
    }
    lines.add("");
    lines.add("## Contenders");
    lines.add("");
    lines.add("| | version | sends | receives | settings |");
    lines.add("| --- | --- | --- | --- | --- |");
    rows.stream()
        .filter(row -> !row.isWithoutFigures())
        .map(Row::contender)
        .distinct()
        .forEach(contender -> lines.add(guarantees(contender)));
    return String.join("\n", lines) + "\n";
  }

  private void table(List<String> lines, Bench bench) {
    lines.addAll(
        switch (bench) {
          case STARTUP -> STARTUP;
          case SUBSCRIPTIONS -> SUBSCRIPTIONS;
          default -> RATES;
        });
    for (String subject : measured(bench.id())) {
      lines.add(
          bench == Bench.STARTUP ? startupLine(bench.id(), subject) : line(bench.id(), subject));
    }
  }

  private int rounds() {
    return rows.stream().mapToInt(Row::round).max().orElse(0);
  }

  private List<String> distinct(Function<Row, String> of) {
    return rows.stream().map(of).distinct().toList();
  }

  /** Whom a bench has figures of. */
  private List<String> measured(String bench) {
    return distinct(Row::subject).stream()
        .filter(subject -> !rows(bench, subject).isEmpty())
        .toList();
  }

  private List<String> withoutFigures(String bench) {
    List<String> lines = new ArrayList<>();
    rows.stream()
        .filter(row -> row.bench().equals(bench) && row.isWithoutFigures())
        .map(row -> "- %s could not be measured: %s".formatted(row.subject(), row.reason()))
        .distinct()
        .forEach(lines::add);
    if (!lines.isEmpty()) {
      lines.add(0, "");
    }
    return lines;
  }

  private String startupLine(String bench, String subject) {
    Row.More more = rows(bench, subject).get(0).more();
    List<String> cells = new ArrayList<>();
    cells.add(subject);
    figure(cells, bench, subject, "%,.0f", row -> 1_000 / row.msgsPerS());
    figure(cells, bench, subject, "%,.0f", row -> row.cpuUsPerMsg() / 1_000);
    figure(cells, bench, subject, "%.1f", row -> row.allocBytesPerMsg() / 1e6);
    cells.add(String.valueOf(more.jars()));
    cells.add(String.format(Locale.ROOT, "%.1f", more.classPathMb()));
    return "| " + String.join(" | ", cells) + " |";
  }

  private String line(String bench, String subject) {
    List<Row> own = rows(bench, subject);
    List<String> cells = new ArrayList<>();
    cells.add(subject);
    figure(cells, bench, subject, "%,.0f", Row::msgsPerS);
    figure(cells, bench, subject, "%.1f", Row::cpuUsPerMsg);
    figure(cells, bench, subject, "%,.0f", Row::allocBytesPerMsg);
    Row.More more = own.get(0).more();
    if (more.heapBytes() != null) {
      cells.add("%,d, %,d".formatted(more.heapBytes() / 1_024, more.threads()));
    } else if (own.get(0).p50Us() != null) {
      cells.add(
          String.join(
              ", ", millis(own, Row::p50Us), millis(own, Row::p99Us), millis(own, Row::p999Us)));
    } else {
      cells.add("");
    }
    return "| " + String.join(" | ", cells) + " |";
  }

  private void figure(
      List<String> cells, String bench, String subject, String format, ToDoubleFunction<Row> of) {
    double[] values = values(rows(bench, subject), of);
    cells.add(
        String.format(
            Locale.ROOT,
            format + " (" + format + " to " + format + ")",
            median(values),
            values[0],
            values[values.length - 1]));
    cells.add(String.format(Locale.ROOT, "%.2f", ratio(bench, base(bench, subject), subject, of)));
  }

  /** The first contender at the same level, or for that one itself its first level. */
  private String base(String bench, String subject) {
    Row first = rows(bench, measured(bench).get(0)).get(0);
    Row own = rows(bench, subject).get(0);
    return rows.stream()
        .filter(row -> row.bench().equals(bench) && row.contender().equals(first.contender()))
        .filter(row -> !own.contender().equals(first.contender()))
        .filter(row -> Objects.equals(row.more().level(), own.more().level()))
        .map(Row::subject)
        .findFirst()
        .orElse(first.subject());
  }

  /**
   * The median of the ratios of one to another in the rounds that both have; NaN if there is none.
   */
  double ratio(String bench, String base, String subject, ToDoubleFunction<Row> of) {
    List<Row> others = rows(bench, base);
    return median(
        rows(bench, subject).stream()
            .flatMapToDouble(
                row ->
                    others.stream()
                        .filter(other -> other.round() == row.round())
                        .mapToDouble(other -> of.applyAsDouble(row) / of.applyAsDouble(other)))
            .sorted()
            .toArray());
  }

  private static String millis(List<Row> rows, Function<Row, @Nullable Double> micros) {
    double[] values =
        values(
            rows,
            row -> {
              Double value = micros.apply(row);
              return value == null ? Double.NaN : value / 1_000;
            });
    double median = median(values);
    return String.format(Locale.ROOT, median < 1 ? "%.3f" : "%.1f", median);
  }

  private String guarantees(String contender) {
    Set<String> sends = new LinkedHashSet<>();
    Set<String> receives = new LinkedHashSet<>();
    Row any = rows.get(0);
    for (Row row : rows) {
      if (row.contender().equals(contender) && !row.isWithoutFigures()) {
        any = row;
        (row.bench().equals(Bench.PRODUCE.id()) ? sends : receives).add(row.ack());
      }
    }
    return "| %s | %s | %s | %s | %s |"
        .formatted(
            contender,
            any.version(),
            String.join("; ", sends),
            String.join("; ", receives),
            any.settings());
  }

  /** What was found of one of a bench, with figures. */
  List<Row> rows(String bench, String subject) {
    return rows.stream()
        .filter(row -> row.bench().equals(bench) && row.subject().equals(subject))
        .filter(row -> !row.isWithoutFigures())
        .toList();
  }

  private static double[] values(List<Row> rows, ToDoubleFunction<Row> of) {
    return rows.stream().mapToDouble(of).sorted().toArray();
  }

  /** Of values in ascending order; NaN if there are none. */
  static double median(double[] sorted) {
    if (sorted.length == 0) {
      return Double.NaN;
    }
    int half = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
}
