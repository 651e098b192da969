package dev.waybill.transport.kafka;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The records of a partition that wait for their delivery. Nearly all of them come and leave in the
 * order of the log; those that were given back, or wait for a time, are kept apart. Guarded by its
 * {@link PartitionWork}.
 */
final class WaitingRecords {
  private final Queue<Held> inOrder = new ArrayDeque<>();
  private final TreeMap<Long, Held> apart = new TreeMap<>();

  /** Adds one that was fetched, later in the log than all before. */
  void add(Held fetched) {
    if (fetched.due() == null) {
      inOrder.add(fetched);
    } else {
      apart.put(fetched.offset(), fetched);
    }
  }

  /** Adds one that was taken before. */
  void putBack(Held again) {
    apart.put(again.offset(), again);
  }

  /**
   * Takes out the lowest offset that is due and has no earlier record of its key here; null if
   * there is none.
   */
  @Nullable Held take() {
    return apart.isEmpty() ? inOrder.poll() : takeFromBoth();
  }

  private @Nullable Held takeFromBoth() {
    Set<ByteBuffer> blocked = new HashSet<>();
    Iterator<Held> ordered = inOrder.iterator();
    Iterator<Held> others = apart.values().iterator();
    Held one = nextOf(ordered);
    Held other = nextOf(others);
    while (true) {
      boolean isOther = other != null && (one == null || other.offset() < one.offset());
      Held held = isOther ? other : one;
      if (held == null) {
        return null;
      }
      ByteBuffer key = held.key();
      if ((key == null || !blocked.contains(key)) && held.isDue()) {
        (isOther ? others : ordered).remove();
        return held;
      }
      if (key != null) {
        blocked.add(key);
      }
      one = isOther ? one : nextOf(ordered);
      other = isOther ? nextOf(others) : other;
    }
  }

  private static @Nullable Held nextOf(Iterator<Held> all) {
    return all.hasNext() ? all.next() : null;
  }

  /** Whether one is here, is the lowest, and is due. */
  boolean isLowestDue(long lowest) {
    Held first = inOrder.peek();
    Held held = first != null && first.offset() == lowest ? first : apart.get(lowest);
    return held != null && held.isDue();
  }

  /** How long it is until one that waits for its time is due; {@code most} if longer. */
  Duration untilDue(Duration most) {
    Duration least = most;
    for (Held held : apart.values()) {
      Deadline due = held.due();
      if (due != null && !due.passed() && due.remaining().compareTo(least) < 0) {
        least = due.remaining();
      }
    }
    return least;
  }

  /** Whether some were put back, or wait for a time. */
  boolean hasApart() {
    return !apart.isEmpty();
  }

  int size() {
    return inOrder.size() + apart.size();
  }

  void clear() {
    inOrder.clear();
    apart.clear();
  }
}
