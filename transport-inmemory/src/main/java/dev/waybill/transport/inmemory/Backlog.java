package dev.waybill.transport.inmemory;

import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.function.Consumer;

/**
 * The messages of a queue that no receiver has, and the order in which they are had. Guarded by the
 * queue's lock.
 *
 * <p>A message is <i>waiting</i> for its time, <i>ready</i>, or, in a queue that keeps the order
 * per key, <i>behind</i> an earlier one of its key. The first of a key stays the first until it is
 * {@link #done}, also while it is out or waiting: so one message per key is out at a time, and one
 * that waits for its next attempt holds back its key and no other.
 *
 * <p>Those that arrive do so in ascending order and need no sorting; only those that come back, or
 * were behind another, are sorted in by their position.
 */
final class Backlog {
  private final boolean keyed;
  private final ArrayDeque<StoredMessage> arrived = new ArrayDeque<>();
  private final PriorityQueue<StoredMessage> returned =
      new PriorityQueue<>(Comparator.comparingLong(m -> m.position));
  private final PriorityQueue<Waiting> waiting =
      new PriorityQueue<>(
          Comparator.comparingLong(Waiting::due).thenComparingLong(w -> w.message.id));
  private final Map<String, StoredMessage> lastOfKey = new HashMap<>();
  private long lastPosition = StoredMessage.NOT_ARRIVED;

  /** A message that can be delivered when {@code due} has come. */
  private record Waiting(StoredMessage message, long due) {}

  /** An empty backlog that keeps the order per key, or does not. */
  Backlog(boolean keyed) {
    this.keyed = keyed;
  }

  /**
   * Adds a message at the end of the order.
   *
   * @return whether it is ready, and not behind another
   */
  boolean arrive(StoredMessage message) {
    message.position = ++lastPosition;
    String key = message.message.key();
    if (keyed && key != null) {
      StoredMessage before = lastOfKey.put(key, message);
      if (before != null) {
        before.next = message;
        return false;
      }
    }
    arrived.addLast(message);
    return true;
  }

  /** Adds a message that was out, at its old place; it is ready. */
  void comeBack(StoredMessage message) {
    returned.add(message);
  }

  /** Adds a message, new or one that was out, that is ready when {@code due} has come. */
  void await(StoredMessage message, long due) {
    waiting.add(new Waiting(message, due));
  }

  boolean hasReady() {
    return !arrived.isEmpty() || !returned.isEmpty();
  }

  /** Takes the ready message with the lowest position; there is one. */
  StoredMessage take() {
    StoredMessage first = arrived.peekFirst();
    StoredMessage back = returned.peek();
    if (back != null && (first == null || back.position < first.position)) {
      return returned.remove();
    }
    return arrived.removeFirst();
  }

  /**
   * Forgets a message that was out.
   *
   * @return whether the one behind it is ready now
   */
  boolean done(StoredMessage message) {
    String key = message.message.key();
    if (!keyed || key == null) {
      return false;
    }
    StoredMessage next = message.next;
    if (next == null) {
      lastOfKey.remove(key);
      return false;
    }
    message.next = null;
    returned.add(next);
    return true;
  }

  /** When the first of the waiting is due, or {@link Ticker#NEVER}. */
  long firstDue() {
    Waiting first = waiting.peek();
    return first == null ? Ticker.NEVER : first.due;
  }

  /**
   * Takes back a message that has not arrived.
   *
   * @param brokerId what its sender was told
   * @return whether there was one
   */
  boolean takeBack(String brokerId) {
    return waiting.removeIf(
        each ->
            each.message.position == StoredMessage.NOT_ARRIVED
                && sending(each.message).brokerId.equals(brokerId)
                && sending(each.message).takeBack());
  }

  /**
   * Ends the waiting of those that are due, in order of their times.
   *
   * @param takenBack gets those that another queue has taken back meanwhile
   * @return how many became ready
   */
  int endWaiting(long now, Consumer<StoredMessage> takenBack) {
    int becameReady = 0;
    while (firstDue() <= now) {
      StoredMessage due = waiting.remove().message;
      if (due.position != StoredMessage.NOT_ARRIVED) {
        comeBack(due);
        becameReady++;
      } else if (!sending(due).arrive()) {
        takenBack.accept(due);
      } else if (arrive(due)) {
        becameReady++;
      }
    }
    return becameReady;
  }

  /** Of one that has not arrived, and so has a delay. */
  private static Sending sending(StoredMessage message) {
    return Objects.requireNonNull(message.sending);
  }

  int waiting() {
    return waiting.size();
  }

  /** All but those behind others, in no particular order. */
  void forEachFirst(Consumer<StoredMessage> action) {
    arrived.forEach(action);
    returned.forEach(action);
    waiting.forEach(each -> action.accept(each.message));
  }
}
