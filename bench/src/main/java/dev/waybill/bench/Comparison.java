package dev.waybill.bench;

import dev.waybill.bench.Contender.Place;
import dev.waybill.testkit.broker.TestBroker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Runs contenders in turn, each trial in a JVM of its own: in each round all of them, in an order
 * that is rotated by round.
 */
final class Comparison {
  private static final List<String> JVM = List.of("-Xms1g", "-Xmx1g");

  private final Options options;
  private final Path results;
  private final List<Row> rows = new ArrayList<>();
  private final Map<String, ClassPath> classPaths = new HashMap<>();

  private Comparison(Options options, Path results) {
    this.options = options;
    this.results = results;
  }

  /** The folder for the results, then what {@link Options} reads. */
  public static void main(String[] args) throws IOException {
    Path results = Path.of(args[0]);
    Options options;
    try {
      options = Options.of(List.of(args).subList(1, args.length));
    } catch (Failure e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    Files.createDirectories(results);
    for (Part part : options.parts()) {
      new Comparison(options, results).run(part);
    }
    System.exit(0);
  }

  private void run(Part part) throws IOException {
    TestBroker broker = part.broker();
    String uri = broker == null ? "memory:" : broker.uri();
    for (Bench bench : options.benches().stream().filter(part::has).toList()) {
      Size size = Size.of(part, bench, options.mode());
      if (broker == null) {
        rounds(part, bench, new Place(uri, bench.id(), bench.partitions()), () -> {});
      } else {
        try (BrokerLog log = part.log(uri, bench, size)) {
          rounds(part, bench, log.place(), log::rewind);
        }
      }
    }
    if (rows.isEmpty()) {
      System.out.println(part.inWords() + ": nothing to run");
      return;
    }
    Path lines = results.resolve(part.inWords() + ".jsonl");
    Files.write(lines, rows.stream().map(Row::toJson).toList());
    String against = broker == null ? "in the measured JVM" : broker.version() + ", one node";
    String report = new Report(rows, options.mode(), against, String.join(" ", JVM)).markdown();
    Files.writeString(results.resolve(part.inWords() + ".md"), report);
    new Charts(rows).write(results);
    System.out.println();
    System.out.print(report);
  }

  private void rounds(Part part, Bench bench, Place place, Runnable before) {
    List<String> order = new ArrayList<>(options.contenders(part));
    for (int round = 1; round <= options.rounds(); round++) {
      for (String contender : order) {
        if (!part.has(bench, contender)) {
          continue;
        }
        before.run();
        Row row = row(part, bench, contender, place, round);
        rows.add(row);
        if (row.isWithoutFigures()) {
          System.out.printf(
              "%-9s %-17s %s: %s%n", row.part(), row.bench(), contender, row.reason());
          continue;
        }
        System.out.printf(
            Locale.ROOT,
            "%-9s %-17s %-25s round %d: %,9.0f/s, %6.1f us cpu, %,8.0f bytes%n",
            row.part(),
            row.bench(),
            row.contender(),
            row.round(),
            row.msgsPerS(),
            row.cpuUsPerMsg(),
            row.allocBytesPerMsg());
      }
      Collections.rotate(order, 1);
    }
  }

  /** A peer that can't be run is a row with the reason. */
  private Row row(Part part, Bench bench, String contender, Place place, int round) {
    try {
      return trial(part, bench, contender, place, round);
    } catch (Failure e) {
      if (Part.isOwn(contender)) {
        throw e;
      }
      return Row.without(part, bench, contender, round, String.valueOf(e.getMessage()));
    }
  }

  private Row trial(Part part, Bench bench, String contender, Place place, int round) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(JVM);
    Stream.of(System.getProperty("bench.jvm", "").split(" "))
        .filter(option -> !option.isEmpty())
        .forEach(command::add);
    ClassPath classPath = classPaths.computeIfAbsent(contender, part::classPath);
    command.addAll(List.of("-cp", classPath.option()));
    if (bench == Bench.STARTUP) {
      command.addAll(List.of(FirstMessage.class.getName(), contender, String.valueOf(round)));
      command.addAll(List.of(place.queue(), Instant.now().toString()));
      return Row.ofJson(MeasuredJvm.lastLine(command)).on(classPath);
    }
    command.addAll(List.of(Trial.class.getName(), part.name(), bench.name(), contender));
    command.addAll(List.of(options.mode().name(), String.valueOf(round)));
    command.addAll(List.of(place.uri(), place.queue()));
    return Row.ofJson(MeasuredJvm.lastLine(command));
  }
}
