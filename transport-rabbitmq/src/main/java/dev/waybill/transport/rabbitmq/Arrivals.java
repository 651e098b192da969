package dev.waybill.transport.rabbitmq;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What has arrived by one channel: in its order, and of a keyed queue in that of each key also when
 * messages go back while the consumer goes on. For one thread, unless said otherwise.
 *
 * <p>What goes back comes again before what is new, and behind what went back before it. But what
 * the broker had sent by then stands before it here, and if it stayed, then also in the queue once
 * the channel is lost: for a quorum queue puts back by delivery tag. So what of its key came behind
 * it goes back after it, and what arrives before it is here again.
 */
final class Arrivals {
  /**
   * One that went back, and which attempt it is when it is here again. Not the message itself: what
   * the broker drops instead stays here.
   *
   * @param turn when it went back last, counted
   */
  private record Returning(String fingerprint, int attempt, int turn) {}

  private final boolean keyed;
  private final Queue<RabbitDelivery> held = new ArrayDeque<>();

  /** Of a keyed queue: what was handed out and not settled, by tag. */
  private final Map<Long, RabbitDelivery> open = new ConcurrentHashMap<>();

  /** By key, in the order of the key, in which they are to be handed out. */
  private final Map<String, List<Returning>> returning = new HashMap<>();

  private int turn;
  private volatile int waiting;

  Arrivals(boolean keyed) {
    this.keyed = keyed;
  }

  /** Holds one that has arrived; returns false if it has to go back as well, which is noted. */
  boolean add(RabbitDelivery arrival) {
    boolean inOrder = returning.isEmpty() || isInOrder(arrival);
    if (inOrder) {
      held.add(arrival);
      waiting = held.size();
    }
    return inOrder;
  }

  private boolean isInOrder(RabbitDelivery arrival) {
    String key = arrival.message().key();
    List<Returning> expected = returning.get(key);
    if (expected == null) {
      return true;
    }
    String fingerprint = Fingerprint.of(arrival);
    for (int i = 0; arrival.isRedelivered() && i < expected.size(); i++) {
      Returning known = expected.get(i);
      if (known.fingerprint().equals(fingerprint)) {
        arrival.attempt(known.attempt());
        if (expected.subList(0, i).stream().anyMatch(before -> before.turn() > known.turn())) {
          expected.set(i, goingBack(fingerprint, known.attempt())); // that one is still to come
          return false;
        }
        expected.subList(0, i + 1).clear(); // those before it don't come any more
        if (expected.isEmpty()) {
          returning.remove(key);
        }
        return true;
      }
    }
    expected.add(goingBack(fingerprint, arrival.attempt()));
    return false;
  }

  private Returning goingBack(String fingerprint, int attempt) {
    turn++;
    return new Returning(fingerprint, attempt, turn);
  }

  /** Hands out the next; null if nothing is held. */
  @Nullable RabbitDelivery poll() {
    RabbitDelivery next = held.poll();
    if (next != null) {
      waiting = held.size();
      if (keyed) {
        open.put(next.tag(), next);
      }
    }
    return next;
  }

  /** Forgets what is held. */
  void clear() {
    held.clear();
    waiting = 0;
  }

  boolean isEmpty() {
    return held.isEmpty();
  }

  /** How many have arrived and were not handed out. From any thread. */
  int waiting() {
    return waiting;
  }

  /** One that was handed out is done with. From any thread. */
  void settled(RabbitDelivery delivery) {
    if (keyed) {
      open.remove(delivery.tag());
    }
  }

  /**
   * A message that was handed out has gone back, and then some behind it of its key. What of its
   * key went back before them came behind them.
   *
   * @param next which attempt the first one is when it is here again
   */
  void wentBack(RabbitDelivery first, int next, List<RabbitDelivery> behind) {
    settled(first);
    String key = first.message().key();
    if (keyed && key != null) {
      List<Returning> group = new ArrayList<>();
      group.add(goingBack(Fingerprint.of(first), next));
      behind.forEach(each -> group.add(goingBack(Fingerprint.of(each), each.attempt())));
      returning.computeIfAbsent(key, any -> new ArrayList<>()).addAll(0, group);
    }
  }

  /** Takes out what was handed out behind one of its key. */
  List<RabbitDelivery> takeOpenBehind(RabbitDelivery first) {
    List<RabbitDelivery> behind = behind(first, open.values());
    behind.forEach(this::settled);
    return behind;
  }

  /** Takes out what is held behind one of its key. */
  List<RabbitDelivery> takeHeldBehind(RabbitDelivery first) {
    List<RabbitDelivery> behind = behind(first, held);
    held.removeAll(behind);
    waiting = held.size();
    return behind;
  }

  private List<RabbitDelivery> behind(RabbitDelivery first, Collection<RabbitDelivery> among) {
    String key = first.message().key();
    if (!keyed || key == null) {
      return List.of();
    }
    return among.stream()
        .filter(each -> each.tag() > first.tag() && key.equals(each.message().key()))
        .sorted(Comparator.comparingLong(RabbitDelivery::tag))
        .toList();
  }
}
