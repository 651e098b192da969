package dev.waybill.transport.inmemory;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The receivers of one queue, and which of them want for messages. Guarded by its lock. */
final class Intakes {
  private final List<Intake> all = new ArrayList<>();

  /** Those with credit that found nothing more ready, longest waiting first. */
  private final ArrayDeque<Intake> hungry = new ArrayDeque<>();

  private long leasesDue = Ticker.NEVER;

  void add(Intake intake) {
    all.add(intake);
  }

  void remove(Intake intake) {
    all.remove(intake);
    notHungry(intake);
  }

  /** The receiver has found nothing more, and could take a message. */
  void hungry(Intake intake) {
    if (!intake.hungry) {
      intake.hungry = true;
      hungry.add(intake);
    }
  }

  /** The receiver looks for itself, or could not take a message. */
  void notHungry(Intake intake) {
    if (intake.hungry) {
      intake.hungry = false;
      hungry.remove(intake);
    }
  }

  /**
   * The one that has waited longest, rather one that can look at once than one that hands over and
   * looks then; null if none waits. Called once for each message that gets ready.
   */
  @Nullable Intake nextHungry() {
    Intake next = hungry.peek();
    if (next != null && next.turn.isLocked()) {
      next = hungry.stream().filter(intake -> !intake.turn.isLocked()).findFirst().orElse(next);
    }
    if (next != null) {
      notHungry(next);
    }
    return next;
  }

  /** Wakes the one that has waited longest, if any. */
  void wakeOne() {
    Intake longest = nextHungry();
    if (longest != null) {
      longest.wake();
    }
  }

  /** Wakes all, to take what another would have taken, or to sleep until another time. */
  void wakeAll() {
    all.forEach(Intake::wake);
  }

  /** When to look for expired leases, or {@link Ticker#NEVER}; not later than the first expires. */
  long leasesDue() {
    return leasesDue;
  }

  /** A receiver has something until then. */
  void leased(Intake intake, long until) {
    if (until < leasesDue) {
      leasesDue = until;
      intake.wake(); // to sleep no longer than until then
    }
  }

  /** Gives up what receivers have held beyond their leases. */
  void endLeases(long now, Consumer<MemoryDelivery> giveUp) {
    if (leasesDue > now) {
      return;
    }
    leasesDue = Ticker.NEVER;
    for (Intake intake : all) {
      for (MemoryDelivery delivery : intake.open.all()) {
        if (delivery.leasedUntil <= now) {
          giveUp.accept(delivery);
        } else {
          leasesDue = Math.min(leasesDue, delivery.leasedUntil);
        }
      }
    }
  }

  /** All connections are lost, with all that is open. */
  void disconnect(Consumer<MemoryDelivery> giveUp) {
    for (Intake intake : all) {
      intake.disconnect();
      intake.open.all().forEach(giveUp);
    }
  }

  /** Connections may be made again, and receivers look again. */
  void reconnect() {
    all.forEach(Intake::reconnect);
  }

  /** How many deliveries are open. */
  int open() {
    return all.stream().mapToInt(intake -> intake.open.size()).sum();
  }

  void forEachOpen(Consumer<MemoryDelivery> action) {
    all.forEach(intake -> intake.open.all().forEach(action));
  }

  /** Whether one is being handed messages, or is to be; not asked of the one that calls. */
  boolean anyBusy(boolean ready) {
    return all.stream()
        .anyMatch(
            intake ->
                !intake.isCurrentThread() && (intake.isBusy() || (ready && intake.credit() > 0)));
  }
}
