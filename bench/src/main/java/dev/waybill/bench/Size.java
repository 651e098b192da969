package dev.waybill.bench;

import java.time.Duration;

/**
 * How much is done in a trial: messages to warm up with, then messages that are measured; either
 * ends sooner when the time for it is over.
 */
record Size(long warmUp, long measured, Duration longest) {
  /** How thorough a comparison is. */
  enum Mode {
    /** A few hundred messages, to see that it works. */
    SMOKE,
    /** Minutes. */
    QUICK,
    /** Long enough for figures to be published. */
    FULL
  }

  static Size of(Part part, Bench bench, Mode mode) {
    if (mode == Mode.SMOKE) {
      return new Size(100, 300, Duration.ofSeconds(30));
    }
    boolean full = mode == Mode.FULL;
    return switch (bench) {
      case PRODUCE, CONSUME ->
          part == Part.INMEMORY
              ? new Size(60_000, full ? 120_000 : 60_000, Duration.ofMinutes(1))
              : overBroker(part, bench, full);
      case SLOW_KEYED -> new Size(20_000, full ? 80_000 : 40_000, Duration.ofSeconds(full ? 6 : 2));
      case FLOW -> new Size(2_000_000, 4_000_000, Duration.ofSeconds(full ? 20 : 4));
      case LATENCY -> {
        int rate = rate(part);
        yield new Size(rate * (full ? 10L : 5L), rate * (full ? 60L : 8L), Duration.ofMinutes(2));
      }
      case STARTUP -> new Size(0, 1, Duration.ofSeconds(30));
      case BACKLOG, BACKLOG_SLOW_KEY ->
          new Size(100_000, full ? 870_000 : 70_000, Duration.ofSeconds(full ? 60 : 10));
    };
  }

  /** The warm-up is as long as the compiler needs, or nearly so where there is no time for it. */
  private static Size overBroker(Part part, Bench bench, boolean full) {
    if (part == Part.AWS_SDK1 || part == Part.AWS_SDK2) { // whose emulator is slow
      return new Size(full ? 20_000 : 5_000, full ? 20_000 : 5_000, Duration.ofMinutes(2));
    }
    if (part != Part.KAFKA) { // which is filled anew for each trial
      return new Size(
          full ? 200_000 : 60_000,
          full ? 200_000 : 40_000,
          full ? Duration.ofMinutes(2) : Duration.ofSeconds(20));
    }
    if (full) {
      return new Size(3_000_000, 1_000_000, Duration.ofMinutes(2));
    }
    return bench == Bench.CONSUME
        ? new Size(300_000, 150_000, Duration.ofSeconds(20))
        : new Size(150_000, 100_000, Duration.ofSeconds(20));
  }

  /** Orders a second where latency is measured: what the broker can do on a small machine. */
  static int rate(Part part) {
    return switch (part) {
      case INMEMORY, STARTUP -> 20_000;
      case KAFKA -> 5_000;
      default -> 1_000;
    };
  }

  /** How long the log has to be: with more than is counted, so that its end is not measured. */
  long log() {
    return (warmUp + measured) * 21 / 20;
  }
}
