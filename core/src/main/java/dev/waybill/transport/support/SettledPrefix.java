package dev.waybill.transport.support;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

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
  private static final int LEAST = 16;

  /**
   * The open ids, ascending, from {@code head} to before {@code tail}, and among them some that are
   * settled: of a hot path, so that an id costs neither an object nor a node of a tree.
   */
  private long[] ids = new long[LEAST];

  private boolean[] settled = new boolean[LEAST];
  private int head;
  private int tail;
  private int open;
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
    copy.ids = ids.clone();
    copy.settled = settled.clone();
    copy.head = head;
    copy.tail = tail;
    copy.open = open;
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
    if (tail == ids.length) {
      makeRoom();
    }
    ids[tail] = id;
    settled[tail] = false;
    tail++;
    open++;
    next = id + 1;
  }

  /** Leaves out what is settled; so the arrays are never longer than what is open needs. */
  private void makeRoom() {
    int length = Math.max(LEAST, Integer.highestOneBit(Math.max(1, open)) * 4);
    long[] stillOpen = new long[length];
    int count = 0;
    for (int i = head; i < tail; i++) {
      if (!settled[i]) {
        stillOpen[count++] = ids[i];
      }
    }
    ids = stillOpen;
    settled = new boolean[length];
    head = 0;
    tail = count;
  }

  /** Notes that no id below {@code id} will be added any more. */
  public void skipTo(long id) {
    next = Math.max(next, id);
  }

  /** Settles an id; returns whether it was open. */
  public boolean settle(long id) {
    int at = Arrays.binarySearch(ids, head, tail, id);
    if (at < 0 || settled[at]) {
      return false;
    }
    settled[at] = true;
    open--;
    while (head < tail && settled[head]) {
      head++;
    }
    if (open == 0) {
      head = 0;
      tail = 0;
    }
    settledTo = Math.max(settledTo, id + 1);
    return true;
  }

  /** The lowest id that is not settled: the lowest open one, else the next to come. */
  public long end() {
    return open == 0 ? next : ids[head];
  }

  /** The lowest id that may still be added. */
  public long next() {
    return next;
  }

  /** How many ids are open. */
  public int open() {
    return open;
  }

  /**
   * What is settled beyond {@link #end()}, ascending, with gaps counted in: at most one range per
   * open id. Nothing above the highest id that was settled.
   */
  public List<Range> settledBeyond() {
    List<Range> ranges = new ArrayList<>();
    long from = end();
    for (int i = head; i < tail && ids[i] < settledTo; i++) {
      if (!settled[i]) {
        addRange(ranges, from, ids[i]);
        from = ids[i] + 1;
      }
    }
    if (open > 0) {
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
