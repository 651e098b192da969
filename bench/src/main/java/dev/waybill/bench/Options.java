package dev.waybill.bench;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** What the command line asks for. */
record Options(
    List<Part> parts,
    Size.Mode mode,
    List<String> only,
    List<Bench> benches,
    int rounds,
    int peerRounds) {
  private static final int ROUNDS = 5;
  private static final int STANDARD_ROUNDS = 3;

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
    int rounds = 0;
    int peerRounds = 0;
    List<String> left = new ArrayList<>(words);
    while (!left.isEmpty()) {
      String word = left.remove(0);
      switch (word) {
        case "all" -> parts = List.of(Part.values());
        case "--smoke" -> mode = Size.Mode.SMOKE;
        case "--quick" -> mode = Size.Mode.QUICK;
        case "--standard" -> mode = Size.Mode.STANDARD;
        case "--full" -> mode = Size.Mode.FULL;
        case "--only" -> only = List.of(value(word, left).split(","));
        case "--bench" -> benches = benches(value(word, left));
        case "--rounds" -> rounds = number(word, left);
        case "--peer-rounds" -> peerRounds = number(word, left);
        default -> parts = List.of(part(word));
      }
    }
    boolean standard = mode == Size.Mode.STANDARD;
    int all = rounds > 0 ? rounds : standard ? STANDARD_ROUNDS : ROUNDS;
    int peers = peerRounds > 0 ? peerRounds : standard ? 1 : all;
    return new Options(
        parts, mode, only, benches.isEmpty() ? usual(mode) : benches, all, Math.min(peers, all));
  }

  private static int number(String option, List<String> left) {
    String value = value(option, left);
    if (!value.matches("[1-9][0-9]{0,3}")) {
      throw new Failure(option + " " + value + ": give a number from 1 on");
    }
    return Integer.parseInt(value);
  }

  /**
   * How often a contender has its turn. Nobody is compared in {@code growth}; over classic queues
   * peers do what they do over quorum queues, for which there is not always time.
   */
  int rounds(Part part, String contender) {
    if (part == Part.GROWTH) {
      return peerRounds;
    }
    if (Part.isOwn(contender)) {
      return rounds;
    }
    return mode == Size.Mode.STANDARD && part == Part.RABBITMQ_CLASSIC ? 0 : peerRounds;
  }

  private static Part part(String word) {
    Part part = Part.of(word);
    if (part == null) {
      throw new Failure("'" + word + "' is unknown: see bench/run --help");
    }
    return part;
  }

  /** All, or those that show most in the time that there is. */
  private static List<Bench> usual(Size.Mode mode) {
    Set<Bench> left =
        switch (mode) {
          case QUICK ->
              EnumSet.of(
                  Bench.BACKLOG,
                  Bench.BACKLOG_SLOW_KEY,
                  Bench.EXACTLY_ONCE,
                  Bench.LATENCY,
                  Bench.PRODUCE_BODIES);
          case STANDARD -> EnumSet.of(Bench.BACKLOG, Bench.BACKLOG_SLOW_KEY, Bench.PRODUCE_BODIES);
          default -> EnumSet.noneOf(Bench.class);
        };
    return Stream.of(Bench.values()).filter(bench -> !left.contains(bench)).toList();
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
    return only.isEmpty() || part == Part.GROWTH ? part.contenders() : only;
  }
}
