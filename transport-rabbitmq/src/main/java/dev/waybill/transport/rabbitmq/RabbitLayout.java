package dev.waybill.transport.rabbitmq;

import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Topology;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
  private static final int NO_DELIVERY_LIMIT = Integer.MAX_VALUE;

  /**
   * A queue on the broker.
   *
   * @param owner what it stands for, in words
   * @param exchange the exchange it is bound to; null for the default exchange only
   */
  record QueueItem(String name, boolean keyed, String owner, @Nullable String exchange) {
    /** What the queue is declared with. */
    Map<String, Object> arguments(ClassicQueues classic) {
      Map<String, Object> arguments = new TreeMap<>();
      boolean quorum = !classic.has(name);
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

  private final Map<String, Topic> exchanges = new LinkedHashMap<>();
  private final Map<String, QueueItem> queues = new LinkedHashMap<>();
  private final List<String> problems = new ArrayList<>();

  private RabbitLayout() {}

  static RabbitLayout of(Topology topology) {
    RabbitLayout layout = new RabbitLayout();
    for (Channel channel : topology.channels()) {
      if (channel instanceof Topic topic) {
        layout.add(topic);
      } else if (channel instanceof Queue queue) {
        layout.add(item(queue));
      }
    }
    for (Source source : topology.sources()) {
      if (source instanceof Subscription subscription) {
        layout.add(subscription.topic());
      }
      layout.add(item(source));
      layout.add(item(source.deadLetterQueue()));
    }
    topology.deadLetterQueues().forEach(queue -> layout.add(item(queue)));
    return layout;
  }

  /** The queue that a source receives from. */
  static String queueName(Source source) {
    return source.name();
  }

  static Map<String, String> nativeNames(Topology topology) {
    Map<String, String> names = new LinkedHashMap<>();
    RabbitLayout layout = of(topology);
    layout.exchanges.keySet().forEach(name -> names.put(name, name));
    layout.queues.keySet().forEach(name -> names.put(name, name));
    ReplyQueue replies = topology.replies();
    if (replies != null) {
      names.put(replies.name(), replies.name());
    }
    return names;
  }

  Collection<String> exchanges() {
    return exchanges.keySet();
  }

  Collection<QueueItem> queues() {
    return queues.values();
  }

  List<String> problems() {
    return List.copyOf(problems);
  }

  private void add(Topic topic) {
    if (exchanges.putIfAbsent(topic.name(), topic) == null) {
      checkName(topic.name(), topic.toString(), "exchange");
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
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (bytes == 0 || bytes > MAX_NAME_BYTES) {
      problems.add(
          "The %s has a RabbitMQ %s name of %d bytes; use 1 to %d."
              .formatted(owner, kind, bytes, MAX_NAME_BYTES));
    }
  }

  private static QueueItem item(Source source) {
    String exchange = source instanceof Subscription sub ? sub.topic().name() : null;
    return new QueueItem(queueName(source), source.keyed(), source.toString(), exchange);
  }
}
