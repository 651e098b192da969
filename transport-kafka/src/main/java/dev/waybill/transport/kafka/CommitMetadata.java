package dev.waybill.transport.kafka;

import dev.waybill.transport.support.SettledPrefix.Range;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What goes with a committed offset, so that whoever has the partition next knows it.
 *
 * <p>As text it is {@code wb1:}, then for each range in ascending order the distance from the end
 * of the one before (at first from the offset) and its length; then, behind a semicolon, for each
 * failed record in ascending order the distance from the one before (at first from the offset), its
 * attempts, and its due time if it has one. All numbers are in base 36: {@code wb1:2.1,5.a;0.3} at
 * offset 100 is that 102 and 108 to 117 are settled, and 100 has failed three times. At the end,
 * behind an at sign, is the number of the leader under which the latest of them were written, if it
 * is known ({@link LeaderEpochs}). Nothing to say is the empty text.
 *
 * <p>Text with another mark, or that can't be read, is somebody else's, and says nothing.
 *
 * @param settled what is settled beyond the offset, ascending
 * @param failed open records that have failed, by their offsets
 */
record CommitMetadata(List<Range> settled, SortedMap<Long, Failed> failed) {
  /**
   * What is known of an open record that has failed.
   *
   * @param attempts how many attempts have failed, at least one
   * @param due when the next one may begin, in milliseconds of the epoch; zero if at once
   */
  record Failed(int attempts, long due) {}

  /** Kafka's default {@code offset.metadata.max.bytes}, which counts characters. */
  static final int MAX_LENGTH = 4096;

  /** The number of no leader. */
  static final int NO_EPOCH = -1;

  static final CommitMetadata NONE = new CommitMetadata(List.of(), new TreeMap<>());

  private static final Logger log = LoggerFactory.getLogger(CommitMetadata.class);
  private static final String MARK = "wb1:";
  private static final String FAILED = ";";
  private static final String NEXT = ",";
  private static final String EPOCH = "@";
  private static final int RADIX = 36;

  /** What {@link #withEpoch} adds at most. */
  private static final int LONGEST_EPOCH = 7;

  /** More than one range, or one failure, takes. */
  private static final int LONGEST_PART = 64;

  /**
   * The text at {@code offset}. What does not fit is left out from the farthest, and ranges go
   * before failures: a range that is left out is handled again though it was done with, a failure
   * that is left out gives its record one more chance.
   */
  String encode(long offset) {
    StringBuilder text = new StringBuilder(MARK);
    long end = offset;
    for (Range range : settled) {
      String next = text(range.from() - end) + "." + text(range.to() - range.from());
      if (!append(text, end == offset ? "" : NEXT, next)) {
        break;
      }
      end = range.to();
    }
    String separator = FAILED;
    long before = offset;
    for (Map.Entry<Long, Failed> entry : failed.entrySet()) {
      Failed what = entry.getValue();
      String due = what.due() == 0 ? "" : "." + text(what.due());
      String next = text(entry.getKey() - before) + "." + text(what.attempts()) + due;
      if (!append(text, separator, next)) {
        break;
      }
      separator = NEXT;
      before = entry.getKey();
    }
    return text.length() == MARK.length() ? "" : text.toString();
  }

  /** Whether {@code text} at {@code offset} leaves nothing of it out. */
  boolean isToldBy(String text, long offset) {
    return text.length() < MAX_LENGTH - LONGEST_EPOCH - LONGEST_PART
        || decode(offset, text).equals(this);
  }

  /** The same text with the number of the latest leader, if there are both. */
  static String withEpoch(String text, int epoch) {
    return text.isEmpty() || epoch == NO_EPOCH ? text : text + EPOCH + text(epoch);
  }

  /** The number that {@link #withEpoch} has put into a text, or {@link #NO_EPOCH}. */
  static int epoch(String text) {
    int at = text.startsWith(MARK) ? text.indexOf(EPOCH) : -1;
    try {
      return at < 0 ? NO_EPOCH : Integer.parseUnsignedInt(text, at + 1, text.length(), RADIX);
    } catch (NumberFormatException e) { // which decode tells of
      return NO_EPOCH;
    }
  }

  /** The part of it about offsets below {@code end}. */
  CommitMetadata below(long end) {
    return new CommitMetadata(below(settled, end), failed.headMap(end));
  }

  /** The parts of ranges below {@code end}. */
  static List<Range> below(List<Range> ranges, long end) {
    List<Range> below = new ArrayList<>();
    for (Range range : ranges) {
      if (range.from() < end) {
        below.add(new Range(range.from(), Math.min(range.to(), end)));
      }
    }
    return below;
  }

  private static boolean append(StringBuilder text, String separator, String next) {
    if (text.length() + separator.length() + next.length() > MAX_LENGTH - LONGEST_EPOCH) {
      return false;
    }
    text.append(separator).append(next);
    return true;
  }

  /** What {@code text} says at {@code offset}; nothing if it is not ours. */
  static CommitMetadata decode(long offset, String text) {
    if (!text.startsWith(MARK)) {
      return NONE;
    }
    try {
      int end = text.indexOf(EPOCH);
      if (end >= 0 && epoch(text) < 0) {
        throw new IllegalArgumentException("no number of a leader");
      }
      String[] parts =
          text.substring(MARK.length(), end < 0 ? text.length() : end).split(FAILED, -1);
      if (parts.length > 2) {
        throw new IllegalArgumentException("more than two parts");
      }
      return new CommitMetadata(
          parts[0].isEmpty() && parts.length == 2 ? List.of() : ranges(offset, parts[0]),
          parts.length == 2 ? failures(offset, parts[1]) : new TreeMap<>());
    } catch (IllegalArgumentException | ArithmeticException e) {
      log.warn(
          "Commit metadata can't be read ({}): settled messages may be delivered again",
          e.toString());
      return NONE;
    }
  }

  private static List<Range> ranges(long offset, String text) {
    List<Range> ranges = new ArrayList<>();
    long end = offset;
    for (String part : text.split(NEXT, -1)) {
      long[] numbers = numbers(part, 2, 2);
      long from = Math.addExact(end, numbers[0]);
      end = Math.addExact(from, numbers[1]);
      ranges.add(new Range(from, end));
    }
    return ranges;
  }

  private static SortedMap<Long, Failed> failures(long offset, String text) {
    SortedMap<Long, Failed> failures = new TreeMap<>();
    long at = offset;
    for (String part : text.split(NEXT, -1)) {
      long[] numbers = numbers(part, 2, 3);
      at = Math.addExact(at, numbers[0]);
      int attempts = Math.toIntExact(numbers[1]);
      if (attempts < 1 || attempts == Integer.MAX_VALUE) {
        throw new IllegalArgumentException("a failure without an attempt");
      }
      failures.put(at, new Failed(attempts, numbers.length == 3 ? numbers[2] : 0));
    }
    return failures;
  }

  private static long[] numbers(String text, int least, int most) {
    String[] parts = text.split("\\.", -1);
    if (parts.length < least || parts.length > most) {
      throw new IllegalArgumentException(parts.length + " numbers");
    }
    long[] numbers = new long[parts.length];
    for (int i = 0; i < parts.length; i++) {
      numbers[i] = Long.parseLong(parts[i], RADIX);
      if (numbers[i] < 0) {
        throw new IllegalArgumentException("a negative number");
      }
    }
    return numbers;
  }

  private static String text(long number) {
    return Long.toString(number, RADIX);
  }
}
