package dev.waybill.transport.kafka;

import dev.waybill.transport.kafka.CommitMetadata.Failed;
import dev.waybill.transport.kafka.KeyLane.Wait;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * The records of a partition that wait for their delivery, and how many of each key are out. Nearly
 * all of them come and leave in the order of the log; those that were given back, or that their key
 * or their time holds back, are kept in the lanes of their keys. Guarded by its {@link
 * PartitionWork}.
 */
final class WaitingRecords {
  private final Queue<Held> inOrder = new ArrayDeque<>();
  private final Map<ByteBuffer, KeyLane> lanes = new HashMap<>();

  // the lanes that keep some, by what the first of these waits for
  private final TreeMap<Long, KeyLane> turns = new TreeMap<>();
  private final TreeMap<Long, KeyLane> busy = new TreeMap<>();
  private final TreeSet<KeyLane> times = new TreeSet<>(BY_TIME);
  private int kept;

  private static final Comparator<KeyLane> BY_TIME =
      (one, other) -> {
        Held first = Objects.requireNonNull(one.first);
        Held second = Objects.requireNonNull(other.first);
        Deadline sooner = Objects.requireNonNull(first.due());
        Deadline later = Objects.requireNonNull(second.due());
        if (sooner.isBefore(later)) {
          return -1;
        }
        return later.isBefore(sooner) ? 1 : Long.compare(first.offset(), second.offset());
      };

  /** Adds one that was fetched, later in the log than all before. */
  void add(ConsumerRecord<byte[], byte[]> record, @Nullable Failed before) {
    KeyLane lane = lane(record.key());
    lane.records++;
    Held held = Held.fetched(record, before, lane);
    if (held.due() == null) {
      inOrder.add(held);
    } else {
      keep(held);
    }
  }

  private KeyLane lane(byte @Nullable [] key) {
    return key == null
        ? new KeyLane(null)
        : lanes.computeIfAbsent(ByteBuffer.wrap(key), KeyLane::new);
  }

  /** Adds one that was taken before. */
  void putBack(Held again) {
    again.lane().open--;
    keep(again);
  }

  /** Forgets one that was taken; returns whether what was kept back by its key no longer is. */
  boolean settled(Held taken) {
    KeyLane lane = taken.lane();
    lane.open--;
    lane.records--;
    if (lane.records == 0 && lane.key != null) {
      lanes.remove(lane.key);
    } else if (lane.wait == Wait.KEY) {
      note(lane);
      return lane.wait == Wait.TURN;
    }
    return false;
  }

  /**
   * Takes out the lowest offset that is due and has no earlier record of its key here; null if
   * there is none.
   *
   * @param ofBusyKeys whether it may be one of whose key enough is out already
   */
  @Nullable Held take(boolean ofBusyKeys) {
    lookAtTimes();
    while (true) {
      Held first = inOrder.peek();
      KeyLane lane = lowest(ofBusyKeys);
      if (first != null && (lane == null || first.offset() < offset(lane))) {
        inOrder.remove();
        if (first.lane().wait == Wait.NONE && (ofBusyKeys || !first.lane().isBusy())) {
          first.lane().open++;
          return first;
        }
        keep(first);
      } else {
        return lane == null ? null : takeFirst(lane);
      }
    }
  }

  private @Nullable KeyLane lowest(boolean ofBusyKeys) {
    Map.Entry<Long, KeyLane> one = turns.firstEntry();
    Map.Entry<Long, KeyLane> other = ofBusyKeys ? busy.firstEntry() : null;
    if (one == null || (other != null && other.getKey() < one.getKey())) {
      return other == null ? null : other.getValue();
    }
    return one.getValue();
  }

  private Held takeFirst(KeyLane lane) {
    Held held = Objects.requireNonNull(lane.first);
    lane.kept.remove(held.offset());
    kept--;
    lane.open++;
    note(lane);
    return held;
  }

  private void keep(Held held) {
    held.lane().kept.put(held.offset(), held);
    kept++;
    note(held.lane());
  }

  /** Notes what a lane waits for now. */
  private void note(KeyLane lane) {
    switch (lane.wait) {
      case TURN -> turns.remove(offset(lane));
      case KEY -> busy.remove(offset(lane));
      case TIME -> times.remove(lane);
      case NONE -> {}
    }
    Map.Entry<Long, Held> first = lane.kept.firstEntry();
    lane.first = first == null ? null : first.getValue();
    if (lane.first == null) {
      lane.wait = Wait.NONE;
    } else if (!lane.first.isDue()) {
      lane.wait = Wait.TIME;
      times.add(lane);
    } else if (lane.isBusy()) {
      lane.wait = Wait.KEY;
      busy.put(offset(lane), lane);
    } else {
      lane.wait = Wait.TURN;
      turns.put(offset(lane), lane);
    }
  }

  private static long offset(KeyLane lane) {
    return Objects.requireNonNull(lane.first).offset();
  }

  private void lookAtTimes() {
    while (!times.isEmpty() && Objects.requireNonNull(times.first().first).isDue()) {
      note(times.first());
    }
  }

  /** Whether one is here, is the lowest, and is due. */
  boolean isLowestDue(long lowest) {
    lookAtTimes();
    Held first = inOrder.peek();
    return (first != null && first.offset() == lowest)
        || turns.containsKey(lowest)
        || busy.containsKey(lowest);
  }

  /** How long it is until one that waits for its time is due; {@code most} if longer. */
  Duration untilDue(Duration most) {
    if (times.isEmpty()) {
      return most;
    }
    Deadline due = Objects.requireNonNull(Objects.requireNonNull(times.first().first).due());
    return !due.passed() && due.remaining().compareTo(most) < 0 ? due.remaining() : most;
  }

  /** Whether some were put back, or are held back by their key or their time. */
  boolean hasApart() {
    return kept > 0;
  }

  /** How many keys, and records without one, wait for a time. */
  int waitingForTime() {
    return times.size();
  }

  int size() {
    return inOrder.size() + kept;
  }

  void clear() {
    inOrder.clear();
    lanes.clear();
    turns.clear();
    busy.clear();
    times.clear();
    kept = 0;
  }
}
