package dev.waybill.internal;

import java.time.Instant;
import java.time.OffsetDateTime;

/**
 * Times in RFC 3339 form. Messages come and go many a second, so the last second that was written
 * or read is kept, and only the milliseconds are different. Thread-safe.
 */
final class Timestamps {
  private static final int NANOS_PER_MILLI = 1_000_000;

  /** {@code 2026-01-31T12:00:00}, of which the last second is kept. */
  private static final int SECOND_LENGTH = 19;

  /** With {@code .123Z}. */
  private static final int MILLIS_LENGTH = SECOND_LENGTH + 5;

  private static volatile Second last = Second.of(Instant.EPOCH);

  private record Second(long epochSecond, String text) {
    static Second of(Instant instant) {
      Instant whole = Instant.ofEpochSecond(instant.getEpochSecond());
      String text = whole.toString();
      return new Second(whole.getEpochSecond(), text.substring(0, text.length() - 1));
    }
  }

  private Timestamps() {}

  /** As {@link Instant#toString()} writes it. */
  static String format(Instant instant) {
    int millis = instant.getNano() / NANOS_PER_MILLI;
    if (millis == 0 || millis * NANOS_PER_MILLI != instant.getNano()) {
      return instant.toString();
    }
    Second second = last;
    if (second.epochSecond() != instant.getEpochSecond()) {
      second = Second.of(instant);
      last = second;
    }
    return second.text() + (millis < 10 ? ".00" : millis < 100 ? ".0" : ".") + millis + 'Z';
  }

  /**
   * Reads a time with any offset.
   *
   * @throws java.time.DateTimeException if it is none
   */
  static Instant parse(String text) {
    Second second = last;
    int millis = millis(text);
    if (millis >= 0 && text.startsWith(second.text())) {
      return Instant.ofEpochSecond(second.epochSecond(), (long) millis * NANOS_PER_MILLI);
    }
    Instant parsed = OffsetDateTime.parse(text).toInstant();
    if (millis >= 0) {
      last = Second.of(parsed);
    }
    return parsed;
  }

  /** The milliseconds of a text that ends with exactly three digits of them and Z, else -1. */
  private static int millis(String text) {
    if (text.length() != MILLIS_LENGTH
        || text.charAt(SECOND_LENGTH) != '.'
        || text.charAt(MILLIS_LENGTH - 1) != 'Z') {
      return -1;
    }
    int millis = 0;
    for (int i = SECOND_LENGTH + 1; i < MILLIS_LENGTH - 1; i++) {
      int digit = text.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        return -1;
      }
      millis = millis * 10 + digit;
    }
    return millis;
  }
}
