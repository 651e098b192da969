package dev.waybill.transport.rabbitmq.chaos;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What handlers do, in the order of time, held against what was sent. Knows nothing of brokers, so
 * that it can be tested with histories that are wrong.
 */
final class Ledger {
  /** Asks to charge an account; the charges of an account are numbered from 0. */
  public record Charge(String account, int number) {}

  /** Asks whether anybody receives. */
  public record Ping(int number) {}

  private final Set<Charge> begun = new HashSet<>();
  private final Set<Charge> done = new HashSet<>();
  private final Map<String, Integer> doneUpTo = new HashMap<>();
  private final List<Overtaking> overtakings = new ArrayList<>();
  private final Set<Integer> pings = new HashSet<>();
  private int repeated;

  /** A charge that was begun before an earlier one of its account was done. */
  private record Overtaking(Charge later, Charge earlier) {}

  /** Notes those before it of the same account that have not been done, by anybody. */
  synchronized void begin(Charge charge) {
    repeated += begun.add(charge) ? 0 : 1;
    for (int number = doneUpTo(charge.account()); number < charge.number(); number++) {
      Charge before = new Charge(charge.account(), number);
      if (!done.contains(before)) {
        overtakings.add(new Overtaking(charge, before));
      }
    }
  }

  synchronized void done(Charge charge) {
    done.add(charge);
    int next = doneUpTo(charge.account());
    while (done.contains(new Charge(charge.account(), next))) {
      next++;
    }
    doneUpTo.put(charge.account(), next);
  }

  private int doneUpTo(String account) {
    return doneUpTo.getOrDefault(account, 0);
  }

  synchronized void ping(int number) {
    pings.add(number);
  }

  synchronized boolean hasPing(int number) {
    return pings.contains(number);
  }

  /** How many different charges are done. */
  synchronized int count() {
    return done.size();
  }

  synchronized int repeated() {
    return repeated;
  }

  /**
   * Who has overtaken whom, and should not have.
   *
   * @param failed charges that were sent again, and so have the place of a later sending, or both
   */
  synchronized List<String> outOfOrder(Set<Charge> failed) {
    return overtakings.stream()
        .filter(overtaking -> !failed.contains(overtaking.earlier()))
        .map(it -> it.later() + " begun before " + it.earlier() + " was done")
        .toList();
  }

  /** What was confirmed and is not done. */
  synchronized List<Charge> lost(Map<String, Integer> confirmed) {
    List<Charge> lost = new ArrayList<>();
    confirmed.forEach(
        (account, count) -> {
          for (int number = 0; number < count; number++) {
            Charge charge = new Charge(account, number);
            if (!done.contains(charge)) {
              lost.add(charge);
            }
          }
        });
    return lost;
  }

  /** What is done and was never sent. */
  synchronized List<Charge> invented(Map<String, Integer> confirmed) {
    return done.stream()
        .filter(charge -> charge.number() >= confirmed.getOrDefault(charge.account(), 0))
        .toList();
  }
}
