package dev.waybill.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The published results in short, as the README has them: Waybill beside the bare client. */
record Summary(Map<Part, Report> reports) {
  static final String BEGIN = "<!-- benchmarks: begin; written by bench/run readme -->\n";
  static final String END = "<!-- benchmarks: end -->";

  private static final String CHART = "summary.svg";
  private static final String RAW = "raw";
  private static final String WAYBILL = "waybill";
  private static final List<Bench> CHARTED = List.of(Bench.PRODUCE, Bench.CONSUME);

  /**
   * Publishes the results and writes the README: their folder, that of the published, the README.
   */
  public static void main(String[] args) throws IOException {
    Path published = Path.of(args[1]);
    try {
      publish(Path.of(args[0]), published);
    } catch (Failure e) {
      System.err.println(e.getMessage());
      System.exit(2);
    }
    Path readme = Path.of(args[2]);
    Files.writeString(readme, of(published).in(Files.readString(readme)));
  }

  /** Copies what the last runs have written. */
  static void publish(Path results, Path published) throws IOException {
    Files.createDirectories(published);
    for (Part part : Part.values()) {
      Path lines = results.resolve(part.inWords() + ".jsonl");
      if (!Files.exists(lines)) {
        continue;
      }
      List<Row> rows = Files.readAllLines(lines).stream().map(Row::ofJson).toList();
      String mode = rows.get(0).conditions().mode();
      if (!List.of("standard", "full").contains(mode)) {
        throw new Failure(
            "%s is of a run in %s mode: run it with --standard or --full before it is published"
                .formatted(lines, mode));
      }
      for (Bench any : Bench.values()) { // also those of runs before, which this one had not
        Files.deleteIfExists(published.resolve(chart(part, any.id())));
      }
      for (String bench : rows.stream().map(Row::bench).distinct().toList()) {
        copy(results, published, chart(part, bench));
      }
      copy(results, published, part.inWords() + ".jsonl");
      copy(results, published, part.inWords() + ".md");
    }
    Files.writeString(published.resolve(CHART), of(published).chart());
  }

  private static String chart(Part part, String bench) {
    return "%s-%s.svg".formatted(part.inWords(), bench);
  }

  private static void copy(Path results, Path published, String name) throws IOException {
    Files.copy(results.resolve(name), published.resolve(name), StandardCopyOption.REPLACE_EXISTING);
  }

  /** What is published in a folder. */
  static Summary of(Path published) throws IOException {
    Map<Part, Report> reports = new EnumMap<>(Part.class);
    for (Part part : Part.values()) {
      Path lines = published.resolve(part.inWords() + ".jsonl");
      if (Files.exists(lines)) {
        List<Row> rows = Files.readAllLines(lines).stream().map(Row::ofJson).toList();
        reports.put(part, new Report(rows));
      }
    }
    return new Summary(reports);
  }

  /** A text with the block in it. */
  String in(String readme) {
    int begin = readme.indexOf(BEGIN) + BEGIN.length();
    return readme.substring(0, begin) + block() + readme.substring(readme.indexOf(END));
  }

  /** Of the first and the last of the reports. */
  private String dates() {
    List<String> dates =
        reports.values().stream()
            .map(report -> report.rows().get(0).conditions().date())
            .sorted()
            .toList();
    String first = dates.get(0);
    String last = dates.get(dates.size() - 1);
    return first.equals(last) ? first : first + " to " + last;
  }

  /** The block. */
  String block() {
    if (reports.isEmpty()) {
      return "Nothing is published yet.\n";
    }
    Row any = reports.values().iterator().next().rows().get(0);
    List<String> lines = new ArrayList<>();
    lines.add(
        "Waybill beside the bare client, which is 1.00 (the median of the ratios in each round).");
    lines.add(
        "Of %s; %s, shared by broker and client; JDK %s; %s. What each contender is set to and"
                .formatted(dates(), any.conditions().machine(), any.java(), brokers())
            + " guarantees stands beside its figures: %s.".formatted(pages()));
    lines.add("");
    lines.add("| over | bench | throughput | CPU | allocation | best peer's throughput |");
    lines.add("| --- | --- | --- | --- | --- | --- |");
    reports.forEach((part, report) -> lines.addAll(lines(part, report)));
    lines.add("");
    lines.add(
        "Of `latency` and `startup` the column of throughput has the time, and less is better.");
    if (!bars().isEmpty()) {
      lines.add("");
      lines.add(
          "![Messages a second beside the bare client](bench/results/published/" + CHART + ")");
    }
    return String.join("\n", lines) + "\n";
  }

  private String brokers() {
    return reports.values().stream()
        .map(report -> report.rows().get(0).conditions().broker())
        .filter(broker -> broker.contains(","))
        .map(broker -> broker.substring(0, broker.indexOf(',')))
        .distinct()
        .collect(Collectors.joining(", "));
  }

  private String pages() {
    return reports.keySet().stream()
        .map(Part::inWords)
        .map(part -> "[%s](bench/results/published/%s.md)".formatted(part, part))
        .collect(Collectors.joining(", "));
  }

  private static List<String> lines(Part part, Report report) {
    List<String> lines = new ArrayList<>();
    for (Bench bench : compared(report).toList()) {
      String name = bench.id() + (bench == Bench.LATENCY ? ", p99" : "");
      lines.add(line(part, report, bench, name, WAYBILL));
      if (!report.rows(bench.id(), Part.BY_REFERENCE).isEmpty()) {
        lines.add(line(part, report, bench, name + ", by reference", Part.BY_REFERENCE));
      }
    }
    return lines;
  }

  private static String line(Part part, Report report, Bench bench, String name, String own) {
    return "| %s | %s | %s | %s | %s | %s |"
        .formatted(
            part.inWords(),
            name,
            inWords(ratio(report, bench, own, bench::figure)),
            inWords(ratio(report, bench, own, Row::cpuUsPerMsg)),
            inWords(ratio(report, bench, own, Row::allocBytesPerMsg)),
            bestPeer(report, bench)
                .map(peer -> inWords(ratio(report, bench, peer, bench::figure)) + " " + peer)
                .orElse(""));
  }

  /** The benches that have figures of both, at one level. */
  private static Stream<Bench> compared(Report report) {
    return Stream.of(Bench.values())
        .filter(
            bench ->
                !report.rows(bench.id(), RAW).isEmpty()
                    && !report.rows(bench.id(), WAYBILL).isEmpty());
  }

  private static double ratio(
      Report report, Bench bench, String contender, ToDoubleFunction<Row> of) {
    return report.ratio(bench.id(), RAW, contender, of);
  }

  private static String inWords(double ratio) {
    return String.format(Locale.ROOT, "%.2f", ratio);
  }

  private static Optional<String> bestPeer(Report report, Bench bench) {
    Comparator<String> byFigure =
        Comparator.comparingDouble(peer -> ratio(report, bench, peer, bench::figure));
    return report.rows().stream()
        .filter(row -> row.bench().equals(bench.id()) && !row.isWithoutFigures())
        .map(Row::contender)
        .filter(contender -> !Part.isOwn(contender))
        .distinct()
        .max(bench.lessIsBetter() ? byFigure.reversed() : byFigure);
  }

  private String chart() {
    return Charts.svg("messages a second beside the bare client", "%.2f", bars());
  }

  private List<Charts.Bar> bars() {
    List<Charts.Bar> bars = new ArrayList<>();
    reports.forEach(
        (part, report) -> {
          if (part == Part.INMEMORY) {
            return; // which does not compare by a figure near 1
          }
          for (Bench bench : compared(report).filter(CHARTED::contains).toList()) {
            bars.add(bar(part, report, bench, WAYBILL));
            bestPeer(report, bench).ifPresent(peer -> bars.add(bar(part, report, bench, peer)));
          }
        });
    return bars;
  }

  private static Charts.Bar bar(Part part, Report report, Bench bench, String contender) {
    double ratio = ratio(report, bench, contender, bench::figure);
    String label = "%s, %s: %s".formatted(part.inWords(), bench.id(), contender);
    return new Charts.Bar(label, ratio, ratio, ratio);
  }
}
