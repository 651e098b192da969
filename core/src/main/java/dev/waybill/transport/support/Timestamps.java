package dev.waybill.transport.support;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.OffsetDateTime;

/**
 * Times in RFC 3339 form. Messages leave many a second, so the last second that was written is
 * kept, and only the milliseconds are different. What is read, mostly of this form, needs no
 * general parser. Thread-safe.
 */
public final class Timestamps {
  private static final int NANOS_PER_MILLI = 1_000_000;

  private static final int SECONDS_PER_DAY = 86_400;
  private static final String MILLIS_FORM = "0000-00-00T00:00:00.000Z";
  private static final int MILLIS_LENGTH = MILLIS_FORM.length();
  private static final int SECOND_LENGTH = MILLIS_FORM.indexOf('.');

  private static volatile Second last = Second.of(Instant.EPOCH);
  private static volatile Second lastRead = last;

  private record Second(long epochSecond, String text) {
    static Second of(Instant instant) {
      Instant whole = Instant.ofEpochSecond(instant.getEpochSecond());
      String text = whole.toString();
      return new Second(whole.getEpochSecond(), text.substring(0, text.length() - 1));
    }
  }

  private Timestamps() {}

  /** As {@link Instant#toString()} writes it. */
  public static String format(Instant instant) {
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
  public static Instant parse(String text) {
    if (!isMillisOfUtc(text)) {
      return OffsetDateTime.parse(text).toInstant();
    }
    int nanos = digits(text, SECOND_LENGTH + 1, MILLIS_LENGTH - 1) * NANOS_PER_MILLI;
    Second second = lastRead;
    if (!text.startsWith(second.text())) {
      second = new Second(epochSecond(text), text.substring(0, SECOND_LENGTH));
      lastRead = second;
    }
    return Instant.ofEpochSecond(second.epochSecond(), nanos);
  }

  private static long epochSecond(String text) {
    long day =
        LocalDate.of(digits(text, 0, 4), digits(text, 5, 7), digits(text, 8, 10)).toEpochDay();
    LocalTime time =
        LocalTime.of(digits(text, 11, 13), digits(text, 14, 16), digits(text, 17, SECOND_LENGTH));
    return day * SECONDS_PER_DAY + time.toSecondOfDay();
  }

  /** Whether a text has the form of what {@link #format} mostly writes. */
  private static boolean isMillisOfUtc(String text) {
    boolean is = text.length() == MILLIS_LENGTH;
    for (int i = 0; is && i < MILLIS_LENGTH; i++) {
      char form = MILLIS_FORM.charAt(i);
      char c = text.charAt(i);
      is = form == '0' ? c >= '0' && c <= '9' : c == form;
    }
    return is;
  }

  private static int digits(String text, int from, int to) {
    int value = 0;
    for (int i = from; i < to; i++) {
      value = value * 10 + text.charAt(i) - '0';
    }
    return value;
  }
}
