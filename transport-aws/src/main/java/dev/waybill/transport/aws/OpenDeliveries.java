package dev.waybill.transport.aws;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** The deliveries of a receiver that are not settled, and so how many more it may take. */
final class OpenDeliveries {
  /** How soon a lease that ran out, or a settlement that failed, is seen: nobody tells of them. */
  private static final Duration LOOK = Duration.ofMillis(250);

  private final int credit;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Set<AwsDelivery> open = new LinkedHashSet<>();
  private boolean paused;
  private boolean ended;

  OpenDeliveries(int credit) {
    this.credit = credit;
  }

  /** Blocks until there is credit and no pause; how much, or 0 at the end. */
  int awaitCredit() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!ended) {
        open.removeIf(delivery -> !delivery.isSettling() && !delivery.isOwned());
        if (!paused && open.size() < credit) {
          return credit - open.size();
        }
        changed.await(LOOK.toNanos(), TimeUnit.NANOSECONDS);
      }
      return 0;
    } finally {
      lock.unlock();
    }
  }

  void add(AwsDelivery delivery) {
    locked(
        () -> {
          open.stream()
              .filter(delivery::sharesLaneWith)
              .reduce((earlier, later) -> later)
              .ifPresent(delivery::follow);
          open.add(delivery);
        });
  }

  void remove(AwsDelivery delivery) {
    locked(() -> open.remove(delivery));
  }

  void pause(boolean pause) {
    locked(() -> paused = pause);
  }

  /** No more credit, ever. */
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
    } finally {
      lock.unlock();
    }
  }
}
