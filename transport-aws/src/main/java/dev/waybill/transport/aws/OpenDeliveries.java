package dev.waybill.transport.aws;

import dev.waybill.transport.Receiver;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The deliveries of a receiver that are not settled, the polls that may bring more, and so whether
 * to poll, and for how many.
 *
 * <p>A poll costs money whatever it brings. So there is one, and another beside it only while polls
 * come back full; and while there is work, it is made for as many messages as one can bring (or
 * half of the credit, if that is less), or after a moment in which no more room was made.
 */
final class OpenDeliveries {
  /** How soon a lease that ran out, or a settlement that failed, is seen: nobody tells of them. */
  private static final Duration LOOK = Duration.ofMillis(250);

  /** How long a poll waits for room for more messages. */
  private static final Duration PATIENCE = Duration.ofMillis(100);

  private static final int MAX_POLLS = 8;

  /**
   * What to poll for.
   *
   * @param max how many messages
   * @param isIdle whether nothing is open and no other poll under way, so that what this one brings
   *     ends it, and nothing can be given back before
   */
  record Room(int max, boolean isIdle) {}

  private static final Room NONE = new Room(0, true);

  private final int credit;
  private final boolean keyed;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Condition roomMade = lock.newCondition();
  private final Set<AwsDelivery> open = new LinkedHashSet<>();
  private final Map<Object, AwsDelivery> lastOfLane = new HashMap<>();

  /** The last that came with nothing of its lane before it. */
  private @Nullable AwsDelivery newest;

  private Deadline nextLook = Deadline.in(LOOK);
  private boolean patient; // whether the one who waits knows of some room, and waits for more
  private int polls;
  private int asked;
  private int allowedPolls = 1;
  private @Nullable Instant exhausted;
  private boolean paused;
  private boolean ended;

  /** For so many at most; {@code keyed} if SQS keeps back what is behind one of its group here. */
  OpenDeliveries(int credit, boolean keyed) {
    this.credit = credit;
    this.keyed = keyed;
  }

  /** Blocks until a poll is to be made; begins it. For no messages at the end. */
  Room awaitRoom() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      Deadline patience = null;
      while (!ended) {
        if (nextLook.hasPassed()) {
          removeLost();
          nextLook = Deadline.in(LOOK);
        }
        int room = room();
        if (room <= 0) {
          patience = null;
        } else if (isEnough(room)) {
          return begin(room);
        } else if (patience == null) {
          patience = Deadline.in(PATIENCE);
        } else if (patience.hasPassed()) {
          return begin(room);
        }
        long nanos = patience == null ? LOOK.toNanos() : patience.remainingNanos();
        patient = patience != null;
        roomMade.await(Math.max(1, nanos), TimeUnit.NANOSECONDS);
      }
      return NONE;
    } finally {
      lock.unlock();
    }
  }

  private int room() {
    return paused || polls >= allowedPolls ? 0 : credit - open.size() - asked;
  }

  private boolean isEnough(int room) {
    return open.isEmpty() || room >= Math.min(half(), Batcher.MAX_ENTRIES);
  }

  /**
   * Whether the one who waits for room has anything to do: to be woken costs as much as a message.
   */
  private boolean isWorthAWord() {
    int room = room();
    return ended || (room > 0 && (!patient || isEnough(room)));
  }

  private void removeLost() {
    List<AwsDelivery> lost = new ArrayList<>();
    for (AwsDelivery delivery : open) {
      if (!delivery.isSettling() && !delivery.isOwned()) {
        lost.add(delivery);
      }
    }
    lost.forEach(this::forget);
  }

  private void forget(AwsDelivery delivery) {
    open.remove(delivery);
    newest = newest == delivery ? null : newest;
    lastOfLane.remove(delivery.lane(), delivery);
  }

  private Room begin(int room) {
    Room begun = new Room(Math.min(room, Batcher.MAX_ENTRIES), open.isEmpty() && polls == 0);
    polls++;
    asked += begun.max();
    return begun;
  }

  /** A poll has ended; what it brought has been added. */
  void polled(Room room, int received) {
    locked(
        () -> {
          polls--;
          asked -= room.max();
          if (received >= Batcher.MAX_ENTRIES) {
            allowedPolls = Math.min(MAX_POLLS, allowedPolls + 1);
          } else if (received < room.max()) {
            allowedPolls = 1;
          }
        });
  }

  /**
   * A poll has been answered, and is not ended yet. One that brings nothing, when no other is under
   * way, tells that all there is to be had is open here; in message groups only while nothing is
   * open, as it does not bring what is behind that.
   */
  void answered(boolean empty) {
    locked(
        () ->
            exhausted = empty && polls == 1 && !(keyed && !open.isEmpty()) ? Instant.now() : null);
  }

  /**
   * How many are open and nothing else was there, and since when that is known; as far as it is.
   */
  Receiver.Status status() {
    lock.lock();
    try {
      return exhausted == null
          ? Receiver.Status.UNKNOWN
          : new Receiver.Status((long) open.size(), exhausted, List.of(), 0, 0);
    } finally {
      lock.unlock();
    }
  }

  /** In the order of delivery. */
  void add(List<AwsDelivery> deliveries) {
    locked(
        () -> {
          for (AwsDelivery delivery : deliveries) {
            Object lane = delivery.lane();
            AwsDelivery earlier = lane == delivery ? null : lastOfLane.put(lane, delivery);
            if (earlier == null) {
              newest = delivery;
            } else if (earlier.isOwned()) {
              delivery.follow(earlier);
            }
            open.add(delivery);
          }
        });
  }

  void remove(AwsDelivery delivery) {
    locked(() -> forget(delivery));
  }

  /**
   * Whether no more settlements are to be waited for: each that is open has begun its last call, or
   * waits in its lane for one that has. Where there is little credit, so that no call would be full
   * anyway, also when half of it has, as handlers would run out of work; what is free of it can
   * still bring some.
   */
  boolean isShortOfWork() {
    lock.lock();
    try {
      boolean scarce = credit < 2 * Batcher.MAX_ENTRIES;
      if (!scarce && newest != null && isAwaited(newest)) {
        return false; // as most times, without a look at all that are in calls
      }
      int left = 0;
      Set<Object> settling = new HashSet<>();
      for (AwsDelivery delivery : open) {
        if (!isAwaited(delivery)) {
          settling.add(delivery.lane());
        } else if (!settling.contains(delivery.lane())) {
          left++;
          if (!scarce) {
            return false;
          }
        }
      }
      return left == 0 || left + credit - open.size() < half();
    } finally {
      lock.unlock();
    }
  }

  /** Whether its last call is still to begin. */
  private static boolean isAwaited(AwsDelivery delivery) {
    return !delivery.isSettling() || delivery.isBeingForwarded();
  }

  private int half() {
    return (credit + 1) / 2;
  }

  boolean isPolling() {
    lock.lock();
    try {
      return polls > 0;
    } finally {
      lock.unlock();
    }
  }

  void pause(boolean pause) {
    locked(() -> paused = pause);
  }

  boolean isPaused() {
    lock.lock();
    try {
      return paused;
    } finally {
      lock.unlock();
    }
  }

  /** No more room, ever. */
  void end() {
    locked(() -> ended = true);
  }

  /** Waits until no settlement that was begun is without an answer; at most until the deadline. */
  void awaitSettlements(Deadline deadline) {
    lock.lock();
    try {
      while (open.stream().anyMatch(AwsDelivery::isSettling) && !deadline.hasPassed()) {
        changed.await(Math.min(LOOK.toNanos(), deadline.remainingNanos()), TimeUnit.NANOSECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  /** Waits for the end of polls that could bring back what is given back, not for idle ones. */
  void awaitPolls(Deadline deadline) {
    lock.lock();
    try {
      while (polls > 0 && !open.isEmpty() && !deadline.hasPassed()) {
        changed.await(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  /** What is open, in the order of delivery. */
  List<AwsDelivery> all() {
    lock.lock();
    try {
      return new ArrayList<>(open);
    } finally {
      lock.unlock();
    }
  }

  private void locked(Runnable change) {
    lock.lock();
    try {
      change.run();
      changed.signalAll();
      if (isWorthAWord()) {
        roomMade.signal();
      }
    } finally {
      lock.unlock();
    }
  }
}
