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
    /** An hour for all parts, and long enough for the compiler to be nearly done. */
    STANDARD,
    /** Long enough for figures to be published. */
    FULL
  }

  static Size of(Turn turn, Mode mode) {
    if (mode == Mode.SMOKE) {
      long least = turn.bench() == Bench.SUBSCRIPTIONS ? turn.level() : 0;
      return new Size(Math.max(100, least), Math.max(300, least), Duration.ofSeconds(30));
    }
    Part part = turn.part();
    boolean full = mode == Mode.FULL;
    return switch (turn.bench()) {
      case PRODUCE, CONSUME -> overBroker(part, turn.bench(), mode);
      case SLOW_KEYED -> new Size(20_000, full ? 80_000 : 40_000, Duration.ofSeconds(full ? 6 : 2));
      case FLOW -> new Size(2_000_000, 4_000_000, Duration.ofSeconds(full ? 20 : 4));
      case LATENCY -> {
        int rate = rate(part);
        long warm = mode == Mode.QUICK ? 2L : 10L;
        yield new Size(rate * warm, rate * (full ? 60L : 10L), Duration.ofMinutes(2));
      }
      case STARTUP -> new Size(0, 1, Duration.ofSeconds(30));
      case BACKLOG, BACKLOG_SLOW_KEY ->
          new Size(100_000, full ? 870_000 : 70_000, Duration.ofSeconds(full ? 60 : 10));
      case EXACTLY_ONCE ->
          full
              ? new Size(1_000_000, 400_000, Duration.ofMinutes(2))
              : new Size(400_000, 150_000, Duration.ofSeconds(60));
      case CHANNELS, KEYS -> new Size(500_000, 1_000_000, Duration.ofSeconds(full ? 10 : 3));
      case BODIES, PRODUCE_BODIES -> bodies(part, Math.max(1, turn.level()), full);
      case SUBSCRIPTIONS -> {
        long copies = Math.max(full ? 1_000_000 : 200_000, turn.level());
        yield new Size(copies, copies, Duration.ofMinutes(1));
      }
    };
  }

  /** As many bytes at every length. */
  private static Size bodies(Part part, int length, boolean full) {
    long bytes = (part == Part.KAFKA ? 50_000_000L : 500_000_000L) * (full ? 4 : 1);
    long count = Math.max(200, Math.min(part == Part.KAFKA ? 100_000 : 500_000, bytes / length));
    return new Size(count, count, Duration.ofSeconds(full ? 20 : 3));
  }

  /** The warm-up is as long as the compiler needs, or nearly so where there is no time for it. */
  private static Size overBroker(Part part, Bench bench, Mode mode) {
    if (part == Part.AWS_SDK1 || part == Part.AWS_SDK2) { // where ten messages are one call
      return switch (mode) {
        case FULL -> new Size(500_000, 100_000, Duration.ofMinutes(2));
        case STANDARD -> new Size(200_000, 80_000, Duration.ofMinutes(1));
        default -> new Size(40_000, 40_000, Duration.ofMinutes(1));
      };
    }
    if (part != Part.KAFKA) { // which is filled anew for each trial
      return switch (mode) {
        case FULL -> new Size(400_000, 200_000, Duration.ofMinutes(2));
        case STANDARD -> new Size(240_000, 80_000, Duration.ofSeconds(30));
        default -> new Size(60_000, 40_000, Duration.ofSeconds(20));
      };
    }
    return switch (mode) {
      case FULL -> new Size(3_000_000, 1_000_000, Duration.ofMinutes(2));
      case STANDARD ->
          bench == Bench.CONSUME
              ? new Size(2_400_000, 600_000, Duration.ofSeconds(60))
              : new Size(800_000, 300_000, Duration.ofSeconds(60));
      default ->
          bench == Bench.CONSUME
              ? new Size(300_000, 150_000, Duration.ofSeconds(20))
              : new Size(150_000, 100_000, Duration.ofSeconds(20));
    };
  }

  /** Orders a second where latency is measured: what the broker can do on a small machine. */
  static int rate(Part part) {
    return switch (part) {
      case INMEMORY, STARTUP, GROWTH -> 100_000;
      case KAFKA -> 5_000;
      default -> 1_000;
    };
  }

  /** How long the log has to be: with more than is counted, so that its end is not measured. */
  long log() {
    return (warmUp + measured) * 21 / 20;
  }
}
