package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.BuiltinExchangeType;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Topology;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The exchanges and queues that a topology needs, by their native names, and what is wrong with
 * them.
 */
final class RabbitLayout {
  /** The longest short string of AMQP 0-9-1, which names are, in bytes of UTF-8. */
  static final int MAX_NAME_BYTES = 255;

  /**
   * As good as none, for a quorum queue drops what exceeds its limit, and from RabbitMQ 4.0 on that
   * is 20 unless said otherwise. Said as a number, because without a limit, or with -1, a requeued
   * message goes to the end of the queue instead of back to its head (rabbit_fifo, {@code
   * #requeue}).
   */
  static final int NO_DELIVERY_LIMIT = Integer.MAX_VALUE;

  /**
   * A queue on the broker.
   *
   * @param owner what it stands for, in words
   * @param source the name of what it stands for
   */
  record QueueItem(String name, boolean keyed, String owner, String source) {
    /** What the queue is declared with. */
    Map<String, Object> arguments(ClassicQueues classic) {
      Map<String, Object> arguments = new TreeMap<>();
      boolean quorum = !classic.has(source);
      arguments.put("x-queue-type", quorum ? "quorum" : "classic");
      if (keyed) {
        arguments.put("x-single-active-consumer", true);
      }
      if (quorum) {
        arguments.put("x-delivery-limit", NO_DELIVERY_LIMIT);
      }
      return arguments;
    }
  }

  /**
   * An exchange on the broker.
   *
   * @param direct whether it looks at the routing key; else it is a fanout exchange
   * @param alternate the exchange for what it has no queue for; null for none
   */
  record ExchangeItem(String name, boolean direct, @Nullable String alternate) {
    static ExchangeItem fanout(String name) {
      return new ExchangeItem(name, false, null);
    }

    BuiltinExchangeType type() {
      return direct ? BuiltinExchangeType.DIRECT : BuiltinExchangeType.FANOUT;
    }

    /** What the exchange is declared with. */
    Map<String, Object> arguments() {
      return alternate == null ? Map.of() : Map.of("alternate-exchange", alternate);
    }
  }

  /**
   * What goes from an exchange to a queue, or to another exchange.
   *
   * @param routingKeys the keys; one that is empty if the exchange does not look at it
   */
  record Binding(String from, String to, boolean toQueue, List<String> routingKeys) {}

  private final Partitions partitions;
  private final Map<String, ExchangeItem> exchanges = new LinkedHashMap<>();
  private final Map<String, QueueItem> queues = new LinkedHashMap<>();
  private final Set<Binding> bindings = new LinkedHashSet<>();
  private final Set<Source> keyedSources = new LinkedHashSet<>();
  private final Set<String> problems = new LinkedHashSet<>();

  private RabbitLayout(Partitions partitions) {
    this.partitions = partitions;
  }

  static RabbitLayout of(Topology topology, Partitions partitions) {
    RabbitLayout layout = new RabbitLayout(partitions);
    for (Channel channel : topology.channels()) {
      if (channel instanceof Topic topic) {
        layout.add(topic);
      } else if (channel instanceof Queue queue) {
        layout.add(queue);
      }
    }
    for (Source source : topology.sources()) {
      layout.add(source);
      if (partitions.has(source.name())) {
        layout.add(
            new QueueItem(
                Partitions.instances(source.name()),
                false,
                "instances of " + source,
                source.name()));
      }
      layout.add(source.deadLetterQueue());
    }
    topology.deadLetterQueues().forEach(layout::add);
    return layout;
  }

  /** The queue that a source receives from. */
  static String queueName(Source source) {
    return source.name();
  }

  static Map<String, String> nativeNames(Topology topology, Partitions partitions) {
    Map<String, String> names = new LinkedHashMap<>();
    topology.channels().forEach(channel -> names.put(channel.name(), channel.name()));
    topology.sources().forEach(source -> names.put(source.name(), queueName(source)));
    names.replaceAll(
        (name, same) ->
            partitions.has(name)
                ? Partitions.queue(name, 0) + ".." + (partitions.count(name) - 1)
                : same);
    topology
        .sources()
        .forEach(
            source -> names.put(source.deadLetterQueue().name(), source.deadLetterQueue().name()));
    topology.deadLetterQueues().forEach(queue -> names.put(queue.name(), queue.name()));
    ReplyQueue replies = topology.replies();
    if (replies != null) {
      names.put(replies.name(), replies.name());
    }
    return names;
  }

  Partitions partitions() {
    return partitions;
  }

  Collection<ExchangeItem> exchanges() {
    return exchanges.values();
  }

  Collection<QueueItem> queues() {
    return queues.values();
  }

  /** The names of what the queues stand for. */
  List<String> queueNames() {
    return queues.values().stream().map(QueueItem::source).distinct().toList();
  }

  Collection<Binding> bindings() {
    return bindings;
  }

  /** The queues and subscriptions that keep the order per key. */
  Collection<Source> keyedSources() {
    return keyedSources;
  }

  List<String> problems() {
    return List.copyOf(problems);
  }

  private void add(Topic topic) {
    add(ExchangeItem.fanout(topic.name()), topic.toString());
  }

  private void add(ExchangeItem item, String owner) {
    ExchangeItem known = exchanges.putIfAbsent(item.name(), item);
    if (known == null) {
      checkName(item.name(), owner, "exchange");
    } else if (!known.equals(item)) {
      problems.add(
          "The %s needs an exchange '%s' of another type than the one of that name in these routes; rename one of the two."
              .formatted(owner, item.name()));
    }
  }

  private void add(Source source) {
    if (source instanceof Subscription subscription) {
      add(subscription.topic());
    }
    if (source.keyed()) {
      keyedSources.add(source);
    }
    if (partitions.has(source.name())) {
      addPartitions(source);
      return;
    }
    String queue = queueName(source);
    add(new QueueItem(queue, source.keyed(), source.toString(), source.name()));
    if (source instanceof Subscription subscription) {
      bindings.add(new Binding(subscription.topic().name(), queue, true, List.of("")));
    }
  }

  /**
   * The last partition first: that there is a first one shows that all have been made. Behind a
   * topic an exchange of the subscription's own deals the slots to the partitions. What comes
   * without a slot is not Waybill's: it goes to the first partition, so that it has an order too.
   */
  private void addPartitions(Source source) {
    String name = source.name();
    if (!source.keyed()) {
      problems.add(
          "The %s has partitions but no keys, and needs none to be received by several instances; remove partitions(\"%s\", …), or give all its routes a key."
              .formatted(source, name));
    }
    for (int i = partitions.count(name) - 1; i >= 0; i--) {
      add(new QueueItem(Partitions.queue(name, i), true, source.toString(), name));
    }
    if (source instanceof Subscription subscription) {
      String others = name + ".others";
      add(ExchangeItem.fanout(others), source.toString());
      add(new ExchangeItem(name, true, others), source.toString());
      bindings.add(new Binding(others, Partitions.queue(name, 0), true, List.of("")));
      for (int i = 0; i < partitions.count(name); i++) {
        bindings.add(new Binding(name, Partitions.queue(name, i), true, partitions.slots(name, i)));
      }
      bindings.add(new Binding(subscription.topic().name(), name, false, List.of("")));
    }
  }

  private void add(QueueItem item) {
    QueueItem other = queues.putIfAbsent(item.name(), item);
    if (other == null) {
      checkName(item.name(), item.owner(), "queue");
    } else if (!other.owner().equals(item.owner())) {
      problems.add(
          "The %s and the %s would share the RabbitMQ queue '%s'; rename one of them."
              .formatted(other.owner(), item.owner(), item.name()));
    } else if (other.keyed() != item.keyed()) {
      problems.add(
          ("The %s is used with and without keys, and a RabbitMQ queue has a single active consumer"
                  + " or has not; give all its routes a key, or none.")
              .formatted(item.owner()));
    }
  }

  private void checkName(String name, String owner, String kind) {
    if (name.startsWith("amq.")) {
      problems.add(
          "The %s can't be the RabbitMQ %s '%s': names that begin with 'amq.' are the broker's; rename it."
              .formatted(owner, kind, name));
    }
    if (DelayLevels.owns(name)) {
      problems.add(
          "The %s can't be the RabbitMQ %s '%s': names that begin with '%s' are those of delayed messages; rename it."
              .formatted(owner, kind, name, DelayLevels.NAMES));
    }
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (bytes == 0 || bytes > MAX_NAME_BYTES) {
      problems.add(
          "The %s has a RabbitMQ %s name of %d bytes; use 1 to %d."
              .formatted(owner, kind, bytes, MAX_NAME_BYTES));
    }
  }
}
