package dev.waybill.transport.rabbitmq;

import dev.waybill.routing.Channel;
import dev.waybill.routing.Source;
import dev.waybill.transport.Topology;
import dev.waybill.transport.rabbitmq.PendingSend.Target;
import dev.waybill.transport.rabbitmq.RabbitLayout.Binding;
import dev.waybill.transport.rabbitmq.RabbitLayout.ExchangeItem;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The exchanges, queues and bindings of {@link DelayLevels}.
 *
 * <p>The queues are quorum queues, whatever others are, that dead-letter at least once: a message
 * leaves a queue when the next one has confirmed it. That takes {@code reject-publish}, and on
 * RabbitMQ 3.10 the feature flag {@code stream_queue}.
 */
record DelayLayout(DelayLevels levels) {
  /** All but the {@link #entry}. */
  List<ExchangeItem> exchanges() {
    List<ExchangeItem> all = new ArrayList<>();
    all.add(ExchangeItem.fanout(levels.undeliverable()));
    all.add(new ExchangeItem(levels.dueExchange(), true, levels.undeliverable()));
    for (int level = 0; level < levels.count(); level++) {
      all.add(new ExchangeItem(levels.level(level), true, null));
    }
    return all;
  }

  /** Where messages come in, once all else is there. */
  ExchangeItem entry() {
    return new ExchangeItem(levels.entry(), true, null);
  }

  /** What each queue is declared with, by its name. */
  Map<String, Map<String, Object>> queues() {
    Map<String, Map<String, Object>> all = new LinkedHashMap<>();
    all.put(
        levels.undeliverable(), quorum(Map.of("x-delivery-limit", RabbitLayout.NO_DELIVERY_LIMIT)));
    all.put(levels.unsubscribed(), quorum(Map.of("x-max-length", 0)));
    for (int level = 0; level < levels.count(); level++) {
      all.put(
          levels.level(level),
          quorum(
              Map.of(
                  "x-message-ttl",
                  levels.waitMillis(level),
                  "x-dead-letter-exchange",
                  levels.level(level),
                  "x-dead-letter-strategy",
                  "at-least-once",
                  "x-overflow",
                  "reject-publish")));
    }
    return all;
  }

  /** Between the levels. */
  List<Binding> bindings() {
    List<Binding> all = new ArrayList<>();
    all.add(toQueue(levels.undeliverable(), levels.undeliverable(), ""));
    for (int from = 0; from < levels.count(); from++) {
      String exchange = levels.level(from);
      all.add(new Binding(exchange, levels.dueExchange(), false, List.of(levels.lastKey(from))));
      for (int to = 0; to < from; to++) {
        all.add(toQueue(exchange, levels.level(to), levels.hopKey(from, to)));
      }
    }
    for (int level = 0; level < levels.count(); level++) {
      all.add(toQueue(levels.entry(), levels.level(level), levels.entryKey(level)));
    }
    return all;
  }

  /** To what messages may be due for. */
  List<Binding> bindings(Target target) {
    String due = levels.dueExchange();
    String key = DelayLevels.destination(target);
    return target.exchange().isEmpty()
        ? List.of(toQueue(due, target.routingKey(), key))
        : List.of(
            new Binding(due, target.exchange(), false, List.of(key)),
            toQueue(due, levels.unsubscribed(), key));
  }

  /** What delayed messages may be for: every channel, and the queues of those who retry. */
  static Set<Target> targets(Topology needed, Partitions partitions) {
    Set<Target> targets = new LinkedHashSet<>();
    for (Channel channel : needed.channels()) {
      if (channel instanceof Source queue) {
        addQueues(targets, queue, partitions);
      } else {
        targets.add(Target.of(channel));
      }
    }
    needed.sources().forEach(source -> addQueues(targets, source, partitions));
    return targets;
  }

  private static void addQueues(Set<Target> targets, Source source, Partitions partitions) {
    partitions.queues(source).forEach(queue -> targets.add(Target.queue(queue)));
  }

  private static Binding toQueue(String from, String queue, String key) {
    return new Binding(from, queue, true, List.of(key));
  }

  private static Map<String, Object> quorum(Map<String, Object> more) {
    Map<String, Object> arguments = new TreeMap<>(more);
    arguments.put("x-queue-type", "quorum");
    return arguments;
  }
}
