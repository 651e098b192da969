package dev.waybill.transport.support;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Keeps which of a sequence of ids are settled, and up to where all of them are: what a broker that
 * only knows "all up to here" (a committed offset, a multiple acknowledgement) may be told without
 * losing a message.
 *
 * <p>Ids ascend and may have gaps; an id that was passed over when a higher one was added never
 * comes, and counts as settled. Memory grows with the number of open ids only, however many are
 * settled beyond the first open one.
 *
 * <p>Not thread-safe.
 */
public final class SettledPrefix {
  private final TreeSet<Long> open = new TreeSet<>();
  private long next;
  private long settledTo;

  /** Ids from {@code from} to before {@code to}. */
  public record Range(long from, long to) {
    /** Checks that the range has at least one id. */
    public Range {
      if (from >= to) {
        throw new IllegalArgumentException("an empty range: from " + from + " to before " + to);
      }
    }

    /** Whether {@code id} is in the range. */
    public boolean contains(long id) {
      return from <= id && id < to;
    }
  }

  /** A sequence whose ids before {@code start} are settled. */
  public SettledPrefix(long start) {
    this.next = start;
    this.settledTo = start;
  }

  /** The same, to be changed by itself. */
  public SettledPrefix copy() {
    SettledPrefix copy = new SettledPrefix(next);
    copy.open.addAll(open);
    copy.settledTo = settledTo;
    return copy;
  }

  /**
   * Adds an open id.
   *
   * @throws IllegalArgumentException if it is not higher than all ids before
   */
  public void add(long id) {
    if (id < next) {
      throw new IllegalArgumentException("id " + id + " comes after " + (next - 1));
    }
    open.add(id);
    next = id + 1;
  }

  /** Notes that no id below {@code id} will be added any more. */
  public void skipTo(long id) {
    next = Math.max(next, id);
  }

  /** Settles an id; returns whether it was open. */
  public boolean settle(long id) {
    if (!open.remove(id)) {
      return false;
    }
    settledTo = Math.max(settledTo, id + 1);
    return true;
  }

  /** The lowest id that is not settled: the lowest open one, else the next to come. */
  public long end() {
    return open.isEmpty() ? next : open.first();
  }

  /** The lowest id that may still be added. */
  public long next() {
    return next;
  }

  /** How many ids are open. */
  public int open() {
    return open.size();
  }

  /**
   * What is settled beyond {@link #end()}, ascending, with gaps counted in: at most one range per
   * open id. Nothing above the highest id that was settled.
   */
  public List<Range> settledBeyond() {
    List<Range> ranges = new ArrayList<>();
    long from = end();
    for (long id : open.headSet(settledTo)) {
      addRange(ranges, from, id);
      from = id + 1;
    }
    if (!open.isEmpty()) {
      addRange(ranges, from, settledTo);
    }
    return ranges;
  }

  private static void addRange(List<Range> ranges, long from, long to) {
    if (from < to) {
      ranges.add(new Range(from, to));
    }
  }
}
