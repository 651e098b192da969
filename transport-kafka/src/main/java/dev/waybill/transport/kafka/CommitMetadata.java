package dev.waybill.transport.kafka;

import dev.waybill.transport.support.SettledPrefix.Range;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The text that goes with a committed offset and names what is settled beyond it: {@code wb1:} and,
 * for each range in ascending order, the distance from the end of the one before (at first from the
 * offset) and its length, both in base 36: {@code wb1:2.1,5.a} at offset 100 is 102 and 108 to 117.
 * Nothing settled beyond is the empty text.
 *
 * <p>Text with another mark, or that can't be read, is somebody else's, and says nothing.
 */
final class CommitMetadata {
  /** Kafka's default {@code offset.metadata.max.bytes}, which counts characters. */
  static final int MAX_LENGTH = 4096;

  private static final Logger log = LoggerFactory.getLogger(CommitMetadata.class);
  private static final String MARK = "wb1:";
  private static final int RADIX = 36;

  private CommitMetadata() {}

  /**
   * The text for ranges beyond {@code offset}. Ranges that do not fit are left out from the
   * farthest: a restart repeats their messages.
   */
  static String encode(long offset, List<Range> ranges) {
    StringBuilder text = new StringBuilder();
    long end = offset;
    for (Range range : ranges) {
      String next =
          Long.toString(range.from() - end, RADIX)
              + "."
              + Long.toString(range.to() - range.from(), RADIX);
      if (MARK.length() + text.length() + 1 + next.length() > MAX_LENGTH) {
        break;
      }
      text.append(text.isEmpty() ? MARK : ",").append(next);
      end = range.to();
    }
    return text.toString();
  }

  /** The ranges that {@code text} names beyond {@code offset}; empty if it is not ours. */
  static List<Range> decode(long offset, String text) {
    if (!text.startsWith(MARK)) {
      return List.of();
    }
    try {
      return ranges(offset, text.substring(MARK.length()).split(",", -1));
    } catch (IllegalArgumentException | ArithmeticException e) {
      log.warn(
          "Commit metadata can't be read ({}): settled messages may be delivered again",
          e.toString());
      return List.of();
    }
  }

  private static List<Range> ranges(long offset, String[] parts) {
    List<Range> ranges = new ArrayList<>();
    long end = offset;
    for (String part : parts) {
      int dot = part.indexOf('.');
      if (dot < 0) {
        throw new IllegalArgumentException("a range without a length");
      }
      long from = Math.addExact(end, number(part.substring(0, dot)));
      end = Math.addExact(from, number(part.substring(dot + 1)));
      ranges.add(new Range(from, end));
    }
    return ranges;
  }

  private static long number(String digits) {
    long number = Long.parseLong(digits, RADIX);
    if (number < 0) {
      throw new IllegalArgumentException("a negative number");
    }
    return number;
  }
}
