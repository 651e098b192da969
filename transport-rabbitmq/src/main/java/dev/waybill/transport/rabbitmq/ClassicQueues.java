package dev.waybill.transport.rabbitmq;

import dev.waybill.transport.Topology;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which queues are classic ones; the others are quorum queues.
 *
 * @param all whether every one is
 * @param names names of queues on the broker, {@code payments} and {@code orders.billing}
 */
record ClassicQueues(boolean all, Set<String> names) {
  ClassicQueues {
    names = Set.copyOf(names);
  }

  boolean has(String queue) {
    return all || names.contains(queue);
  }

  /** What is wrong with the names that were given, for a bus that receives at all. */
  List<String> check(Topology topology, Collection<String> queues) {
    List<String> problems = new ArrayList<>();
    if (!topology.sources().isEmpty()) {
      for (String name : new TreeSet<>(names)) {
        if (!queues.contains(name)) {
          problems.add(
              "classicQueue(…) names '%s', which is no queue of this bus; it has %s: correct the name, or leave it out."
                  .formatted(name, queues));
        }
      }
    }
    return problems;
  }
}
