package dev.waybill.transport.kafka;

import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.transport.Topology;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Which queues and subscriptions are read with share groups.
 *
 * @param all whether every one without keys is, beside those named
 * @param names names of queues and subscriptions, {@code payments} and {@code orders.billing}
 */
record ShareGroups(boolean all, Set<String> names) {
  static final ShareGroups NONE = new ShareGroups(false, Set.of());

  private static final String DEAD_LETTERS = ".dlq";

  ShareGroups {
    names = Set.copyOf(names);
  }

  /** Whether a source is read with a share group. */
  boolean has(Source source) {
    return !(source instanceof ReplyQueue)
        && (names.contains(source.name())
            || (all && !source.keyed() && !source.name().endsWith(DEAD_LETTERS)));
  }

  /** The sources of a topology that are read with share groups. */
  List<Source> of(Topology topology) {
    return topology.sources().stream().filter(this::has).toList();
  }

  /** What is wrong with the names that were given, for a bus that receives at all. */
  List<String> check(Topology topology) {
    List<String> problems = new ArrayList<>();
    Set<String> unknown = new LinkedHashSet<>(names);
    topology.sources().forEach(source -> unknown.remove(source.name()));
    for (Queue deadLetters : topology.deadLetterQueues()) {
      if (unknown.remove(deadLetters.name())) {
        problems.add(
            ("shareGroup(\"%s\"): dead letters are always read with a consumer group, for a share"
                    + " group would drop them in the end: leave it out.")
                .formatted(deadLetters.name()));
      }
    }
    if (!topology.sources().isEmpty()) {
      for (String name : unknown) {
        problems.add(
            ("shareGroup(…) names '%s', which this bus does not receive from; it receives from %s:"
                    + " correct the name, or leave it out.")
                .formatted(name, topology.sources().stream().map(Source::name).toList()));
      }
    }
    return problems;
  }
}
