package dev.waybill.transport.aws;

import java.time.Duration;

/** AWS counts in whole seconds: never less than what was asked for. */
final class Durations {
  private Durations() {}

  /** The seconds of a duration, rounded up. */
  static int wholeSeconds(Duration duration) {
    return Math.toIntExact(duration.plusNanos(999_999_999).toSeconds());
  }

  /** For people: {@code 2 s}, {@code 1500 ms}. */
  static String inWords(Duration duration) {
    return duration.toMillisPart() == 0 ? duration.toSeconds() + " s" : duration.toMillis() + " ms";
  }
}
