package dev.waybill.transport.kafka;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;

/**
 * Settlements whose transaction is aborted again and again, though Kafka refuses none of them: they
 * are tried alone then, so that what is wrong with one, such as messages that take longer than a
 * transaction may, does not keep the others from being settled. Between them everything else is
 * tried together. Used by one thread.
 */
final class Suspects {
  /** How often in a row transactions are aborted before their settlements are suspected. */
  static final int TOGETHER = 3;

  /** How often a settlement is aborted alone, by its own fault, before it is given up. */
  static final int ALONE = 3;

  /** What one has been through alone. */
  private record Tries(int all, int ownFault) {}

  private final IdentityHashMap<TransactionalSettlement, Tries> suspects = new IdentityHashMap<>();
  private int together;
  private boolean wasAlone;

  /**
   * What of that which is ready is to be tried next: one suspect, and the next time all that are
   * none. A suspect that is not ready any more is forgotten.
   */
  List<TransactionalSettlement> next(List<TransactionalSettlement> ready) {
    if (suspects.isEmpty()) {
      return ready;
    }
    List<TransactionalSettlement> suspected = new ArrayList<>();
    List<TransactionalSettlement> others = new ArrayList<>();
    ready.forEach(each -> (suspects.containsKey(each) ? suspected : others).add(each));
    Collection<TransactionalSettlement> still = Collections.newSetFromMap(new IdentityHashMap<>());
    still.addAll(suspected);
    suspects.keySet().retainAll(still);
    wasAlone = !suspected.isEmpty() && (others.isEmpty() || !wasAlone);
    return wasAlone ? List.of(leastTried(suspected)) : others;
  }

  /** Notes that they were stored: it was none of them. */
  void stored(List<TransactionalSettlement> settlements) {
    if (!settlements.stream().allMatch(suspects::containsKey)) {
      together = 0;
    }
    clear(settlements);
  }

  /** They are no suspects any more. */
  void clear(List<TransactionalSettlement> settlements) {
    settlements.forEach(suspects::remove);
  }

  /**
   * Notes that they were aborted; returns whether there is no hope for them. There always is for
   * what stores no message, for that is not what Kafka does not take.
   *
   * @param ownFault whether it was no outage, if it was one of them alone
   */
  boolean aborted(List<TransactionalSettlement> settlements, boolean ownFault) {
    boolean alone = settlements.size() == 1 && suspects.containsKey(settlements.get(0));
    if (!alone) {
      together++;
      if (together >= TOGETHER) {
        settlements.forEach(each -> suspects.put(each, new Tries(0, 0)));
        together = 0;
      }
      return false;
    }
    TransactionalSettlement suspect = settlements.get(0);
    Tries before = triesOf(suspect);
    Tries now = new Tries(before.all() + 1, before.ownFault() + (ownFault ? 1 : 0));
    boolean hopeless = now.ownFault() >= ALONE && !suspect.outgoing().isEmpty();
    if (hopeless) {
      suspects.remove(suspect);
    } else {
      suspects.put(suspect, now);
    }
    return hopeless;
  }

  private TransactionalSettlement leastTried(List<TransactionalSettlement> suspected) {
    return suspected.stream()
        .min(Comparator.comparingInt(each -> triesOf(each).all()))
        .orElseThrow();
  }

  private Tries triesOf(TransactionalSettlement suspect) {
    return Objects.requireNonNull(suspects.get(suspect));
  }
}
