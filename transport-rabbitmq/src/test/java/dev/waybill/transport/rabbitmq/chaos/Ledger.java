package dev.waybill.transport.rabbitmq.chaos;

import java.util.ArrayList;
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

  private final Set<Charge> begun = new HashSet<>();
  private final Set<Charge> done = new HashSet<>();
  private final List<String> outOfOrder = new ArrayList<>();
  private int repeated;

  /** A handler may begin once the one before it of the same account has been done, by whomever. */
  synchronized void begin(Charge charge) {
    repeated += begun.add(charge) ? 0 : 1;
    Charge before = new Charge(charge.account(), charge.number() - 1);
    if (charge.number() > 0 && !done.contains(before)) {
      outOfOrder.add(charge + " begun before " + before + " was done");
    }
  }

  synchronized void done(Charge charge) {
    done.add(charge);
  }

  /** How many different charges are done. */
  synchronized int count() {
    return done.size();
  }

  synchronized int repeated() {
    return repeated;
  }

  synchronized List<String> outOfOrder() {
    return List.copyOf(outOfOrder);
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
