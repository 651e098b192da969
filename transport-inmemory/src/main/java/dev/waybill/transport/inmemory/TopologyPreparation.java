package dev.waybill.transport.inmemory;

import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Topology;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Goes through a topology once, making or only looking, and notes what is missing or differs. */
final class TopologyPreparation {
  private final InMemoryBroker broker;
  private final boolean make;
  private final List<String> problems = new ArrayList<>();

  /** One that makes what is missing, or one that only looks. */
  TopologyPreparation(InMemoryBroker broker, boolean make) {
    this.broker = broker;
    this.make = make;
  }

  /** What is missing or differs, one sentence each. */
  List<String> problems(Topology topology) {
    for (Channel channel : topology.channels()) {
      if (channel instanceof Queue queue) {
        source(queue);
      } else if (channel instanceof Topic topic) {
        topic(topic);
      }
    }
    for (Source source : topology.sources()) {
      if (source instanceof Subscription subscription) {
        topic(subscription.topic());
      }
      source(source);
    }
    topology.deadLetterQueues().forEach(this::source);
    return problems.stream().distinct().toList();
  }

  private void topic(Topic needed) {
    MemoryTopic found = make ? broker.makeTopic(needed) : broker.topic(needed.name());
    compare(Described.of(needed), found == null ? null : Described.of(found.topic()));
  }

  private void source(Source needed) {
    MessageQueue found = make ? broker.makeQueue(needed) : broker.queue(needed.name());
    compare(Described.of(needed), found == null ? null : Described.of(found.source()));
  }

  private void compare(String needed, @Nullable String found) {
    if (found == null) {
      problems.add(
          "The in-memory broker has no %s: prepare it with topology CREATE, here or in the bus that owns it."
              .formatted(needed));
    } else if (!found.equals(needed)) {
      problems.add(
          "Needed is the %s, but the in-memory broker has the %s: give one of them another name, or define both alike."
              .formatted(needed, found));
    }
  }
}
