package dev.waybill.transport.inmemory;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The receivers of one queue, and which of them sleep for want of messages. Guarded by its lock.
 */
final class Intakes {
  private final List<Intake> all = new ArrayList<>();

  /** Those with credit that found nothing ready, longest waiting first. */
  private final Set<Intake> hungry = new LinkedHashSet<>();

  void add(Intake intake) {
    all.add(intake);
  }

  void remove(Intake intake) {
    all.remove(intake);
    hungry.remove(intake);
  }

  /** The receiver sleeps, and could take a message. */
  void hungry(Intake intake) {
    hungry.add(intake);
  }

  /** The receiver is awake, or could not take a message. */
  void notHungry(Intake intake) {
    hungry.remove(intake);
  }

  /**
   * Wakes the one that has waited longest, if any; called once for each message that gets ready.
   */
  void wakeOne() {
    if (!hungry.isEmpty()) {
      Iterator<Intake> first = hungry.iterator();
      first.next().wake();
      first.remove();
    }
  }

  /** Wakes all, to take what another would have taken, or to sleep until another time. */
  void wakeAll() {
    all.forEach(Intake::wake);
  }

  /** When to look for expired leases, or {@link Ticker#NEVER}. */
  long leasesDue() {
    long due = Ticker.NEVER;
    for (Intake intake : all) {
      due = Math.min(due, intake.leasesDue);
    }
    return due;
  }

  /** Gives up what receivers have held beyond their leases. */
  void endLeases(long now, Consumer<MemoryDelivery> giveUp) {
    for (Intake intake : all) {
      if (intake.leasesDue <= now) {
        endLeases(intake, now, giveUp);
      }
    }
  }

  private static void endLeases(Intake intake, long now, Consumer<MemoryDelivery> giveUp) {
    intake.leasesDue = Ticker.NEVER;
    for (MemoryDelivery delivery : intake.open.all()) {
      if (delivery.leasedUntil <= now) {
        giveUp.accept(delivery);
      } else {
        intake.leasesDue = Math.min(intake.leasesDue, delivery.leasedUntil);
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
                !intake.isCurrentThread()
                    && (intake.handingOver || (ready && intake.credit() > 0)));
  }
}
