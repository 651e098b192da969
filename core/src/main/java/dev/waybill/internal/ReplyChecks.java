package dev.waybill.internal;

import dev.waybill.internal.BusPlan.ConsumerPlan;
import dev.waybill.internal.BusPlan.DeadLetterPlan;
import dev.waybill.routing.Channel;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Routes;
import dev.waybill.transport.Capabilities.Feature;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/** Judges what a bus's own reply queue needs, and keeps its name free of others. */
final class ReplyChecks {
  private static final int INSTANCE_LENGTH = 16;

  private final Routes routes;
  private final CapabilityCheck capabilities;
  private final List<String> problems;

  ReplyChecks(Routes routes, CapabilityCheck capabilities, List<String> problems) {
    this.routes = routes;
    this.capabilities = capabilities;
    this.problems = problems;
  }

  /** A reply queue that no other instance has. */
  static ReplyQueue newQueue(String requester) {
    return new ReplyQueue(
        requester, UUID.randomUUID().toString().replace("-", "").substring(0, INSTANCE_LENGTH));
  }

  void checkRequester(String requester) {
    String where = "requests(\"" + requester + "\")";
    if (!Channel.isLegalName(requester)) {
      problems.add(
          "%s: a name has 1 to %d ASCII letters, digits, '.', '_' or '-'."
              .formatted(where, Channel.MAX_NAME_LENGTH));
    } else if (requester.equals("dlq") || requester.endsWith(".dlq")) {
      problems.add(
          "%s would take the name of a dead-letter queue: give a name that does not end in 'dlq'."
              .formatted(where));
    }
    capabilities.needs(false, Feature.REQUEST_REPLY, where);
  }

  void checkNames(List<ConsumerPlan> consumers, List<DeadLetterPlan> deadLetterConsumers) {
    Set<String> names = new LinkedHashSet<>();
    routes.channels().forEach(channel -> names.add(channel.name()));
    consumers.forEach(consumer -> names.add(consumer.source().name()));
    deadLetterConsumers.forEach(consumer -> names.add(consumer.origin().name()));
    for (String name : names) {
      if (name.startsWith(ReplyQueue.PREFIX)) {
        problems.add(
            "The name '%s' begins with '%s', as those of reply queues do: give another."
                .formatted(name, ReplyQueue.PREFIX));
      }
    }
  }
}
