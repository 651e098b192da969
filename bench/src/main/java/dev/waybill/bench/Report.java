package dev.waybill.bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** Rows as a page: medians over the rounds, and ratios to the first contender of the same round. */
record Report(List<Row> rows, Size.Mode mode, String broker, String jvm) {
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

  /** The page in Markdown. */
  String markdown() {
    List<String> lines = new ArrayList<>();
    Row first = rows.get(0);
    lines.add("# Results: " + first.part());
    lines.add("");
    lines.add(machine());
    lines.add("Broker: " + broker + ". JVM of each trial: " + first.java() + ", " + jvm + ".");
    lines.add(
        "%s mode, %d rounds. Median (lowest to highest); ratios are the median of the ratios to"
                .formatted(mode.name().toLowerCase(Locale.ROOT), rounds())
            + " `%s` in the same round.".formatted(first.contender()));
    for (String bench : distinct(Row::bench)) {
      lines.add("");
      lines.add("## " + bench);
      lines.add("");
      lines.add("1 KiB of JSON; " + Bench.of(bench).inWords() + ".");
      lines.add("");
      boolean startup = bench.equals(Bench.STARTUP.id());
      lines.addAll(startup ? STARTUP : RATES);
      for (String contender : measured(bench)) {
        lines.add(startup ? startupLine(bench, contender) : line(bench, contender));
      }
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

  private static String machine() {
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return "Machine: %d cores, %d GiB, %s %s; broker, and client, on it."
        .formatted(
            system.getAvailableProcessors(),
            Math.round(system.getTotalMemorySize() / 1024.0 / 1024 / 1024),
            System.getProperty("os.name"),
            System.getProperty("os.arch"));
  }

  private int rounds() {
    return rows.stream().mapToInt(Row::round).max().orElse(0);
  }

  private List<String> distinct(Function<Row, String> of) {
    return rows.stream().map(of).distinct().toList();
  }

  /** The contenders of a bench with figures. */
  private List<String> measured(String bench) {
    return distinct(Row::contender).stream()
        .filter(contender -> !rows(bench, contender).isEmpty())
        .toList();
  }

  private List<String> withoutFigures(String bench) {
    List<String> lines = new ArrayList<>();
    rows.stream()
        .filter(row -> row.bench().equals(bench) && row.isWithoutFigures())
        .map(row -> "- %s could not be measured: %s".formatted(row.contender(), row.reason()))
        .distinct()
        .forEach(lines::add);
    if (!lines.isEmpty()) {
      lines.add(0, "");
    }
    return lines;
  }

  private String startupLine(String bench, String contender) {
    Row any = rows(bench, contender).get(0);
    List<String> cells = new ArrayList<>();
    cells.add(contender);
    figure(cells, bench, contender, "%,.0f", row -> 1_000 / row.msgsPerS());
    figure(cells, bench, contender, "%,.0f", row -> row.cpuUsPerMsg() / 1_000);
    figure(cells, bench, contender, "%.1f", row -> row.allocBytesPerMsg() / 1e6);
    cells.add(String.valueOf(any.jars()));
    cells.add(String.format(Locale.ROOT, "%.1f", any.classPathMb()));
    return "| " + String.join(" | ", cells) + " |";
  }

  private String line(String bench, String contender) {
    List<Row> own = rows(bench, contender);
    List<String> cells = new ArrayList<>();
    cells.add(contender);
    figure(cells, bench, contender, "%,.0f", Row::msgsPerS);
    figure(cells, bench, contender, "%.1f", Row::cpuUsPerMsg);
    figure(cells, bench, contender, "%,.0f", Row::allocBytesPerMsg);
    cells.add(
        own.get(0).p50Us() == null
            ? ""
            : millis(own, Row::p50Us)
                + ", "
                + millis(own, Row::p99Us)
                + ", "
                + millis(own, Row::p999Us));
    return "| " + String.join(" | ", cells) + " |";
  }

  private void figure(
      List<String> cells, String bench, String contender, String format, ToDoubleFunction<Row> of) {
    double[] values = values(rows(bench, contender), of);
    cells.add(
        String.format(
            Locale.ROOT,
            format + " (" + format + " to " + format + ")",
            median(values),
            values[0],
            values[values.length - 1]));
    cells.add(String.format(Locale.ROOT, "%.2f", median(ratios(bench, contender, of))));
  }

  private double[] ratios(String bench, String contender, ToDoubleFunction<Row> of) {
    List<Row> base = rows(bench, measured(bench).get(0));
    return rows(bench, contender).stream()
        .flatMapToDouble(
            row ->
                base.stream()
                    .filter(other -> other.round() == row.round())
                    .mapToDouble(other -> of.applyAsDouble(row) / of.applyAsDouble(other)))
        .sorted()
        .toArray();
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

  private List<Row> rows(String bench, String contender) {
    return rows.stream()
        .filter(row -> row.bench().equals(bench) && row.contender().equals(contender))
        .filter(row -> !row.isWithoutFigures())
        .toList();
  }

  private static double[] values(List<Row> rows, ToDoubleFunction<Row> of) {
    return rows.stream().mapToDouble(of).sorted().toArray();
  }

  /** Of values in ascending order. */
  static double median(double[] sorted) {
    int half = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
}
