package dev.waybill.transport.kafka.chaos;

import dev.waybill.transport.kafka.chaos.Accounts.Charged;
import dev.waybill.transport.kafka.chaos.Journal.Line;
import dev.waybill.transport.kafka.chaos.Journal.What;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Holds what was sent against what was handled and what came of it. Knows nothing but its
 * arguments, so that it can be tested with histories that are wrong.
 */
final class Checker {
  /**
   * What is wrong, in words, and what was repeated.
   *
   * @param lost charges that were confirmed and not handled, or of which nothing came
   * @param invented what was handled or came out and had not been sent
   * @param outOfOrder what overtook an earlier one of its account
   * @param repeatedHandlings how many handlings were repetitions
   * @param repeatedOutputs how many outputs were repetitions
   */
  record Findings(
      List<String> lost,
      List<String> invented,
      List<String> outOfOrder,
      int repeatedHandlings,
      int repeatedOutputs) {}

  private final Map<String, Integer> sent;
  private final List<String> lost = new ArrayList<>();
  private final List<String> invented = new ArrayList<>();
  private final List<String> outOfOrder = new ArrayList<>();

  private Checker(Map<String, Integer> sent) {
    this.sent = sent;
  }

  /**
   * Compares.
   *
   * @param sent how many charges of each account were confirmed; none was left unknown
   * @param handled what the handlers noted, in the order of time
   * @param outputs what they sent, for each account in the order of the log
   */
  static Findings check(Map<String, Integer> sent, List<Line> handled, List<Charged> outputs) {
    Checker checker = new Checker(sent);
    int handlings = checker.handled(handled);
    int repeated = checker.outputs(outputs);
    return new Findings(checker.lost, checker.invented, checker.outOfOrder, handlings, repeated);
  }

  /** A handler may begin once the one before it of the same account has been done, by whomever. */
  private int handled(List<Line> lines) {
    Set<Charged> done = new HashSet<>();
    Set<Charged> begun = new HashSet<>();
    int repeated = 0;
    for (Line line : lines) {
      Charged charge = new Charged(line.account(), line.number());
      if (line.what() == What.DONE) {
        done.add(charge);
        continue;
      }
      repeated += begun.add(charge) ? 0 : 1;
      if (line.number() > 0 && !done.contains(new Charged(line.account(), line.number() - 1))) {
        outOfOrder.add("handled before the one before it: " + line);
      }
    }
    compare("handled", done);
    return repeated;
  }

  private int outputs(List<Charged> outputs) {
    Set<Charged> seen = new HashSet<>();
    int repeated = 0;
    for (Charged output : outputs) {
      repeated += seen.add(output) ? 0 : 1;
      if (output.number() > 0
          && !seen.contains(new Charged(output.account(), output.number() - 1))) {
        outOfOrder.add("came out before the one before it: " + output);
      }
    }
    compare("came out", seen);
    return repeated;
  }

  private void compare(String what, Collection<Charged> seen) {
    sent.forEach(
        (account, count) -> {
          for (int number = 0; number < count; number++) {
            if (!seen.contains(new Charged(account, number))) {
              lost.add("never %s: %s %d".formatted(what, account, number));
            }
          }
        });
    for (Charged each : seen) {
      if (each.number() >= sent.getOrDefault(each.account(), 0)) {
        invented.add("%s and was not sent: %s".formatted(what, each));
      }
    }
  }
}
