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
 * are tried one at a time then, so that what is wrong with one, such as messages that take longer
 * than a transaction may, does not keep the others from being settled. Used by one thread.
 */
final class Suspects {
  /** How often in a row transactions are aborted before one of their settlements is suspected. */
  static final int TOGETHER = 3;

  /** How often a settlement is aborted alone before it is given up. */
  static final int ALONE = 3;

  /** How often each was aborted alone. */
  private final IdentityHashMap<TransactionalSettlement, Integer> suspects =
      new IdentityHashMap<>();

  private int together;

  /** How many settlements the next transaction takes at most. */
  int atATime() {
    return suspects.isEmpty() ? TransactionPlan.MAX_SETTLEMENTS : 1;
  }

  /** What is ready in the order in which it is to be tried; what is not ready is forgotten. */
  List<TransactionalSettlement> inTurn(List<TransactionalSettlement> ready) {
    if (suspects.isEmpty()) {
      return ready;
    }
    Collection<TransactionalSettlement> still = Collections.newSetFromMap(new IdentityHashMap<>());
    still.addAll(ready);
    suspects.keySet().retainAll(still);
    List<TransactionalSettlement> inTurn = new ArrayList<>(ready);
    inTurn.sort(Comparator.comparingInt(each -> suspects.getOrDefault(each, Integer.MAX_VALUE)));
    return inTurn;
  }

  /** Notes that they were stored: it was none of them. */
  void stored(List<TransactionalSettlement> settlements) {
    together = 0;
    clear(settlements);
  }

  /** They are no suspects any more. */
  void clear(List<TransactionalSettlement> settlements) {
    settlements.forEach(suspects::remove);
  }

  /** Notes that they were aborted; returns whether there is no hope for them. */
  boolean aborted(List<TransactionalSettlement> settlements) {
    if (suspects.isEmpty()) {
      together++;
      if (together >= TOGETHER) {
        settlements.forEach(each -> suspects.put(each, 0));
        together = 0;
      }
      return false;
    }
    boolean hopeless = false;
    for (TransactionalSettlement each : settlements) { // one at most
      hopeless = Objects.requireNonNull(suspects.merge(each, 1, Integer::sum)) >= ALONE;
    }
    if (hopeless) {
      clear(settlements);
    }
    return hopeless;
  }
}
