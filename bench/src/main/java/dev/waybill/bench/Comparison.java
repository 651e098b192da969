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
import org.jspecify.annotations.Nullable;

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

  /** Whether Waybill or the bare client could not be measured somewhere. */
  private boolean failed;

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
    boolean failed = false;
    for (Part part : options.parts()) {
      Comparison comparison = new Comparison(options, results);
      try {
        comparison.run(part);
      } catch (Failure e) { // of its broker; the other parts go on
        e.printStackTrace();
        failed = true;
      }
      failed |= comparison.failed;
    }
    System.exit(failed ? 1 : 0);
  }

  private void run(Part part) throws IOException {
    try (TestBroker broker = part.broker()) {
      run(part, broker);
    }
  }

  private void run(Part part, @Nullable TestBroker broker) throws IOException {
    String uri = broker == null ? "memory:" : broker.uri();
    Conditions conditions =
        Conditions.now(
            broker == null ? "in the measured JVM" : broker.version() + ", one node",
            options.mode(),
            String.join(" ", JVM));
    for (Bench bench : options.benches().stream().filter(part::has).toList()) {
      if (broker == null) {
        Place place = new Place(uri, bench.id(), bench.partitions());
        rounds(part, bench, place, () -> {}, conditions);
      } else {
        Size size = Size.of(new Turn(part, bench, "raw", 0, 1), options.mode());
        try (BrokerLog log = part.log(uri, bench, size)) {
          Runnable before =
              () -> {
                log.rewind();
                Rest.await();
              };
          rounds(part, bench, log.place(), before, conditions);
        }
      }
    }
    if (rows.isEmpty()) {
      System.out.println(part.inWords() + ": nothing to run");
      return;
    }
    Path lines = results.resolve(part.inWords() + ".jsonl");
    Files.write(lines, rows.stream().map(Row::toJson).toList());
    String report = new Report(rows).markdown();
    Files.writeString(results.resolve(part.inWords() + ".md"), report);
    new Charts(rows).write(results);
    System.out.println();
    System.out.print(report);
  }

  private void rounds(Part part, Bench bench, Place place, Runnable before, Conditions conditions) {
    List<String> order = new ArrayList<>(options.contenders(part));
    for (int round = 1; round <= options.rounds(); round++) {
      for (String contender : order) {
        if (!part.has(bench, contender) || round > options.rounds(part, contender)) {
          continue;
        }
        for (int level : bench.levels()) {
          before.run();
          Row row = row(new Turn(part, bench, contender, level, round), place);
          rows.add(row.under(conditions));
          System.out.println(inWords(row));
        }
      }
      Collections.rotate(order, 1);
    }
  }

  private static String inWords(Row row) {
    if (row.isWithoutFigures()) {
      return "%-16s %-17s %s: %s".formatted(row.part(), row.bench(), row.subject(), row.reason());
    }
    return String.format(
        Locale.ROOT,
        "%-16s %-17s %-28s round %d: %,9.0f/s, %6.1f us cpu, %,8.0f bytes",
        row.part(),
        row.bench(),
        row.subject(),
        row.round(),
        row.msgsPerS(),
        row.cpuUsPerMsg(),
        row.allocBytesPerMsg());
  }

  /** A contender that can't be run is a row with the reason. */
  private Row row(Turn turn, Place place) {
    try {
      return trial(turn, place);
    } catch (Failure e) {
      failed |= Part.isOwn(turn.contender());
      return Row.without(turn, String.valueOf(e.getMessage()));
    }
  }

  private Row trial(Turn turn, Place place) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(JVM);
    Stream.of(System.getProperty("bench.jvm", "").split(" "))
        .filter(option -> !option.isEmpty())
        .forEach(command::add);
    ClassPath classPath = classPaths.computeIfAbsent(turn.contender(), turn.part()::classPath);
    command.addAll(List.of("-cp", classPath.option()));
    if (turn.bench() == Bench.STARTUP) {
      command.addAll(List.of(FirstMessage.class.getName(), turn.contender()));
      command.addAll(List.of(String.valueOf(turn.round()), place.queue()));
      command.add(Instant.now().toString());
      return Row.ofJson(MeasuredJvm.lastLine(command)).on(classPath);
    }
    command.add(Trial.class.getName());
    command.addAll(Trial.arguments(turn, options.mode(), place));
    return Row.ofJson(MeasuredJvm.lastLine(command));
  }
}
