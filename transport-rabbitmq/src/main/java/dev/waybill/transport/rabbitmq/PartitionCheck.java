package dev.waybill.transport.rabbitmq;

import dev.waybill.routing.Source;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Tells by the queues that are there whether a keyed source has another number of partitions than
 * it is to have now. What was sent by the old number would be in other queues than what is sent by
 * the new one, and a key would lose its order.
 *
 * <p>Partitions are made from the last to the first. So the last one without the first is a
 * creation that was interrupted, and the first without the last is a smaller number.
 *
 * <p>Most of these queues are not what the application works with, and its user may lack the right
 * to look at them. What can't be seen is no problem.
 */
final class PartitionCheck {
  private static final String REMEDY =
      " Keep what it was, or stop all senders, let the receivers empty the queue%s, delete %s and"
          + " start again.";

  /** What is known of a queue. */
  enum Sight {
    THERE,
    MISSING,
    REFUSED
  }

  private PartitionCheck() {}

  static List<String> of(RabbitLayout layout, Function<String, Sight> look) {
    Predicate<String> isThere = queue -> look.apply(queue) == Sight.THERE;
    List<String> problems = new ArrayList<>();
    Partitions partitions = layout.partitions();
    for (Source source : layout.keyedSources()) {
      String name = source.name();
      String first = Partitions.queue(name, 0);
      String all = name + ".partition-*";
      if (!partitions.has(name)) {
        if (isThere.test(first)) {
          problems.add(
              problem(source, "no partitions", "has the queue '%s'".formatted(first))
                  + remedy("s", all));
        }
        continue;
      }
      int count = partitions.count(name);
      String wanted = count + " partitions";
      String last = Partitions.queue(name, count - 1);
      String beyond = Partitions.queue(name, count);
      if (isThere.test(RabbitLayout.queueName(source))) {
        problems.add(
            problem(source, wanted, "has the queue '%s' without partitions".formatted(name))
                + remedy("", name));
      } else if (isThere.test(beyond)) {
        problems.add(
            problem(source, wanted, "has more of them: the queue '%s' too".formatted(beyond))
                + remedy("s", all));
      } else if (isThere.test(first) && look.apply(last) == Sight.MISSING) {
        problems.add(
            problem(source, wanted, "has fewer: no queue '%s'".formatted(last)) + remedy("s", all));
      }
    }
    return problems;
  }

  private static String problem(Source source, String wanted, String found) {
    return "The %s is to have %s, but RabbitMQ %s; with another number the messages of a key would lose their order."
        .formatted(source, wanted, found);
  }

  private static String remedy(String plural, String queues) {
    return REMEDY.formatted(plural, "'" + queues + "'");
  }
}
