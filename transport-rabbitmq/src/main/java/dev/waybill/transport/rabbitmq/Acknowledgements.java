package dev.waybill.transport.rabbitmq;

import dev.waybill.transport.support.SettledPrefix;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The acknowledgements of one channel's deliveries that are due. Those that no open delivery stands
 * before are written with a {@code multiple}, which takes everything up to its tag, for each {@link
 * #TOGETHER}; what is beyond an open delivery, one by one. Thread-safe.
 */
final class Acknowledgements {
  /** What is to be written of that which is beyond an open delivery. */
  enum Beyond {
    NOTHING,
    /** What was left here by the last {@link #next} of this kind already. */
    WAITED,
    ALL
  }

  /**
   * One {@code basic.ack}.
   *
   * @param multiple whether all before is acknowledged, too
   */
  record Ack(long tag, boolean multiple) {}

  /**
   * How many at most one {@code multiple} is for. A quorum queue reads as many messages at once as
   * an acknowledgement has made room for; with 60 and more its process spent a quarter of its time
   * on collecting garbage (3.10.8, Erlang 25, a log that is read from files).
   */
  static final int TOGETHER = 50;

  private static final int ROOM = 64;

  private final SettledPrefix settled = new SettledPrefix(1);

  /** The tags that are due, in any order. */
  private long[] due = new long[ROOM];

  private int count;

  /** How many of them have waited; they are the first. */
  private int waited;

  private int fresh;
  private boolean closed;

  /** A delivery has come; its tag is the highest so far. */
  synchronized void arrived(long tag) {
    settled.add(tag);
  }

  /** A delivery goes back; returns false if it must not, as it is acknowledged or gone already. */
  synchronized boolean gone(long tag) {
    return settled.settle(tag);
  }

  /**
   * A delivery is to be acknowledged.
   *
   * @return how many have been added since {@link #taken} was asked; 0 if this one was not, as it
   *     has gone back, or after {@link #close}
   */
  synchronized int add(long tag) {
    if (closed || !settled.settle(tag)) {
      return 0;
    }
    if (count == due.length) {
      due = Arrays.copyOf(due, 2 * count);
    }
    due[count] = tag;
    count++;
    fresh++;
    return fresh;
  }

  /** How many have been added since this was asked last. */
  synchronized int taken() {
    int taken = fresh;
    fresh = 0;
    return taken;
  }

  /** How many are due. */
  synchronized int due() {
    return count;
  }

  /** How many deliveries are settled though an earlier one is not; tags have no gaps. */
  synchronized int ahead() {
    return (int) (settled.next() - settled.end()) - settled.open();
  }

  /** Nothing is added any more. */
  synchronized void close() {
    closed = true;
  }

  /** What is to be written next; it is no longer due. */
  synchronized List<Ack> next(Beyond beyond) {
    List<Ack> next = new ArrayList<>();
    long end = settled.end();
    long[] before = new long[count];
    int together = 0;
    int left = 0;
    int leftOfWaited = 0;
    for (int i = 0; i < count; i++) {
      long tag = due[i];
      boolean hasWaited = i < waited;
      if (tag < end) {
        before[together] = tag;
        together++;
      } else if (beyond == Beyond.ALL || (beyond == Beyond.WAITED && hasWaited)) {
        next.add(new Ack(tag, false));
      } else {
        due[left] = tag;
        left++;
        leftOfWaited += hasWaited ? 1 : 0;
      }
    }
    Arrays.sort(before, 0, together);
    for (int first = 0; first < together; first += TOGETHER) {
      int last = Math.min(first + TOGETHER, together) - 1;
      next.add(new Ack(before[last], last > first));
    }
    count = left;
    waited = beyond == Beyond.NOTHING ? leftOfWaited : left;
    return next;
  }
}
