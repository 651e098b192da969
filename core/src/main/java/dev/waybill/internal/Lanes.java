package dev.waybill.internal;

import dev.waybill.transport.Delivery;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The messages that a consumer has open, in lanes: one per key, whose head alone is dealt with; a
 * message without a key has a lane of its own. Guarded by the schedule's lock.
 */
final class Lanes {
  private final boolean keyed;
  private final Map<String, Lane> byKey = new HashMap<>();
  private final ArrayDeque<Lane> ready = new ArrayDeque<>();
  private final OpenWorks open = new OpenWorks();
  private final Set<Lane> waiting = Collections.newSetFromMap(new IdentityHashMap<>());

  Lanes(boolean keyed) {
    this.keyed = keyed;
  }

  void add(Work work) {
    open.add(work);
    String key = keyed ? work.delivery.message().key() : null;
    Lane lane = key == null ? new Lane(null) : byKey.computeIfAbsent(key, Lane::new);
    lane.add(work);
    if (lane.size() == 1 && !lane.isLeaving()) {
      ready.add(lane);
    }
  }

  /** A lane whose head may be handled, or null. */
  @Nullable Lane next() {
    return ready.poll();
  }

  /** How many lanes have a head that may be handled. */
  int ready() {
    return ready.size();
  }

  /** A lane's head waits for its retry, and with it those behind it. */
  void await(Lane lane) {
    waiting.add(lane);
  }

  /** A lane's head waits no longer here. */
  void goesBack(Lane lane) {
    waiting.remove(lane);
  }

  /**
   * A lane's head may be handled again, before what has not begun: what has begun is ended first.
   */
  void again(Lane lane) {
    waiting.remove(lane);
    ready.addFirst(lane);
  }

  /** A lane's head is done with; the one behind it is ready. */
  void done(Lane lane) {
    open.remove(lane.remove());
    goOn(lane);
  }

  /**
   * A lane's head is lost, and will come again. Those behind it that came with it must not be
   * handled before it: they leave the lane, up to where it has come again already, or where one is
   * owned though the head is not, and so came after the loss.
   *
   * @return those that left, in their order; they and the head are open until they are {@link
   *     #closed}, and then {@link #cameMeanwhile} is to be asked
   */
  List<Work> lost(Lane lane) {
    boolean stillOwned = lane.head().delivery.isOwned(); // then those behind came with it
    return leave(lane, stillOwned);
  }

  /**
   * A lane's head was given back, to come again when its wait is over. Those behind it leave the
   * lane, to come again after it.
   *
   * @return as {@link #lost}
   */
  List<Work> givenBack(Lane lane) {
    return leave(lane, true);
  }

  private List<Work> leave(Lane lane, boolean all) {
    Work head = lane.remove();
    List<Work> behind = new ArrayList<>();
    while (lane.size() > 0
        && !isSame(head, lane.head())
        && (all || !lane.head().delivery.isOwned())) {
      Work work = lane.remove();
      work.busy(true);
      behind.add(work);
    }
    if (behind.isEmpty()) {
      goOn(lane);
    } else {
      lane.leaving = new ArrayList<>(behind);
      lane.leaving.add(0, head);
    }
    return behind;
  }

  /**
   * Those that left a lane are back at the broker. Of what has come meanwhile those stay that are
   * the same again, in their order; anything else of the key may be of before, and stand behind
   * some that are still to come.
   *
   * @return what is to go back after them, to come again in order; then this is to be asked again
   */
  List<Work> cameMeanwhile(Lane lane) {
    if (!lane.isLeaving()) {
      return List.of();
    }
    List<Work> came = lane.clear();
    int again = 0;
    while (again < came.size()
        && again < lane.leaving.size()
        && isSame(lane.leaving.get(again), came.get(again))) {
      again++;
    }
    int stay = again == lane.leaving.size() ? came.size() : again;
    came.subList(0, stay).forEach(lane::add);
    List<Work> back = List.copyOf(came.subList(stay, came.size()));
    back.forEach(work -> work.busy(true));
    if (back.isEmpty()) {
      lane.leaving = List.of();
      goOn(lane);
    } else {
      lane.leaving.addAll(back);
    }
    return back;
  }

  /** Some brokers' ids are another delivery's the next time; the message's is a resend's, too. */
  private static boolean isSame(Work one, Work other) {
    Delivery a = one.delivery;
    Delivery b = other.delivery;
    String id = a.message().id();
    return a.brokerId().equals(b.brokerId())
        || (b.attempt() > 1 && id != null && id.equals(b.message().id()));
  }

  private void goOn(Lane lane) {
    if (lane.size() > 0) {
      ready.add(lane);
    } else if (lane.key != null) {
      byKey.remove(lane.key);
    }
  }

  /**
   * Ends all lanes: nothing is ready any more. What stands behind a busy one of its key stays in
   * its lane.
   *
   * @return what has not begun, in order of arrival, so that a broker that puts them back in this
   *     order keeps the order per key; not open any more
   */
  List<Work> stop() {
    ready.clear();
    waiting.clear();
    Set<Work> behind = behindBusyOnes();
    List<Work> back = new ArrayList<>();
    for (Work work : open.inOrder()) {
      if (!work.isBusy() && !behind.contains(work)) {
        back.add(work);
      }
    }
    back.forEach(open::remove);
    byKey.clear();
    return back;
  }

  private Set<Work> behindBusyOnes() {
    Set<Work> behind = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Lane lane : byKey.values()) {
      if (!lane.isLeaving() && lane.head().isBusy()) {
        behind.addAll(lane.all());
      }
    }
    return behind;
  }

  /**
   * A lane's head is settled after the {@link #stop}.
   *
   * @return those behind it, in their order; they and the head are open until they are {@link
   *     #closed}
   */
  List<Work> end(Lane lane) {
    lane.remove();
    return lane.clear();
  }

  void closed(Work work) {
    open.remove(work);
  }

  boolean isOpen(Work work) {
    return open.contains(work);
  }

  /** How many are open and don't wait for a retry, their own or that of one before them. */
  int inFlight() {
    int count = open.size();
    for (Lane lane : waiting) {
      count -= lane.size();
    }
    return count;
  }

  /** How long the handling that began first has been going on; null if there is none. */
  @Nullable Duration longestHandling() {
    long now = System.nanoTime();
    return open.inOrder().stream()
        .map(Work::handlingSince)
        .filter(Objects::nonNull)
        .map(since -> Duration.ofNanos(now - since))
        .max(Comparator.naturalOrder())
        .orElse(null);
  }

  /** How many lanes wait for their head's retry. */
  int waiting() {
    return waiting.size();
  }

  boolean isEmpty() {
    return open.isEmpty();
  }

  List<Work> open() {
    return open.inOrder();
  }
}
