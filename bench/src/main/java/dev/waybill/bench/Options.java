package dev.waybill.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What the command line asks for. */
record Options(
    List<Part> parts, Size.Mode mode, List<String> only, List<Bench> benches, int rounds) {
  private static final int ROUNDS = 5;

  /**
   * Reads a command line.
   *
   * @throws Failure if it asks for what is not there
   */
  static Options of(List<String> words) {
    List<Part> parts = List.of(Part.values());
    Size.Mode mode = Size.Mode.QUICK;
    List<String> only = List.of();
    List<Bench> benches = List.of();
    int rounds = ROUNDS;
    List<String> left = new ArrayList<>(words);
    while (!left.isEmpty()) {
      String word = left.remove(0);
      switch (word) {
        case "all" -> parts = List.of(Part.values());
        case "--smoke" -> mode = Size.Mode.SMOKE;
        case "--quick" -> mode = Size.Mode.QUICK;
        case "--full" -> mode = Size.Mode.FULL;
        case "--only" -> only = List.of(value(word, left).split(","));
        case "--bench" -> benches = benches(value(word, left));
        case "--rounds" -> rounds = Integer.parseInt(value(word, left));
        default -> parts = List.of(part(word));
      }
    }
    return new Options(parts, mode, only, benches.isEmpty() ? usual(mode) : benches, rounds);
  }

  private static Part part(String word) {
    Part part = Part.of(word);
    if (part == null) {
      throw new Failure("'" + word + "' is unknown: see bench/run --help");
    }
    return part;
  }

  /** All, or in minutes those that show most. */
  private static List<Bench> usual(Size.Mode mode) {
    return mode == Size.Mode.QUICK
        ? List.of(Bench.PRODUCE, Bench.CONSUME, Bench.SLOW_KEYED, Bench.FLOW, Bench.STARTUP)
        : List.of(Bench.values());
  }

  private static String value(String option, List<String> left) {
    if (left.isEmpty()) {
      throw new Failure(option + " needs a value: see bench/run --help");
    }
    return left.remove(0);
  }

  private static List<Bench> benches(String names) {
    try {
      return Stream.of(names.split(",")).map(Bench::of).toList();
    } catch (IllegalArgumentException e) {
      throw new Failure(
          "--bench %s: give of %s"
              .formatted(names, Stream.of(Bench.values()).map(Bench::id).toList()),
          e);
    }
  }

  /** The contenders of a part that are wanted. */
  List<String> contenders(Part part) {
    return only.isEmpty() ? part.contenders() : only;
  }
}
