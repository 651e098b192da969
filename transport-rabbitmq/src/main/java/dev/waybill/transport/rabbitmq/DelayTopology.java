package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.BuiltinExchangeType;
import com.rabbitmq.client.Channel;
import dev.waybill.routing.Source;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Topology.Mode;
import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates or verifies the queues and exchanges of {@link DelayLevels}, and binds channels to them.
 *
 * <p>The queues are quorum queues, whatever others are, that dead-letter at least once: a message
 * leaves a queue when the next one has confirmed it. That takes {@code reject-publish}, and on
 * RabbitMQ 3.10 the feature flag {@code stream_queue}.
 */
final class DelayTopology {
  private static final Logger log = LoggerFactory.getLogger(DelayTopology.class);

  private final RabbitTopology topology;
  private final DelayLevels levels;
  private final Partitions partitions;

  DelayTopology(RabbitTopology topology, DelayLevels levels, Partitions partitions) {
    this.topology = topology;
    this.levels = levels;
    this.partitions = partitions;
  }

  /**
   * The part that delays have in what a bus needs at its start: the levels if they are asked for,
   * and the bindings of its channels where there are levels and it may, so that a queue that is
   * made anew gets what is under way to it.
   */
  void prepare(Topology needed, Mode mode, boolean asked) {
    if (asked) {
      levels(mode);
    }
    if (mode != Mode.CREATE || !topology.isWell() || !(asked || isThere())) {
      return;
    }
    for (PendingSend.Target target : targets(needed)) {
      RabbitErrors.Reply refusal =
          topology.call(
              "binding of",
              target.toString(),
              on -> bind(on, target),
              AMQP.ACCESS_REFUSED,
              AMQP.NOT_FOUND);
      if (refusal != null) {
        log.info("{} is not bound to {}: {}", target, levels.dueExchange(), refusal);
      }
    }
  }

  /** Creates the levels, or adds what is missing of them to the topology's problems. */
  void levels(Mode mode) {
    exchange(levels.undeliverable(), BuiltinExchangeType.FANOUT, Map.of(), mode);
    queue(levels.undeliverable(), Map.of("x-delivery-limit", Integer.MAX_VALUE), mode);
    queue(levels.unsubscribed(), Map.of("x-max-length", 0), mode);
    exchange(
        levels.dueExchange(),
        BuiltinExchangeType.DIRECT,
        Map.of("alternate-exchange", levels.undeliverable()),
        mode);
    for (int level = 0; level < levels.count(); level++) {
      exchange(levels.level(level), BuiltinExchangeType.DIRECT, Map.of(), mode);
      queue(levels.level(level), waiting(level), mode);
    }
    exchange(levels.entry(), BuiltinExchangeType.DIRECT, Map.of(), mode);
    if (mode == Mode.CREATE && topology.isWell()) {
      var unused = topology.call("bindings of", levels.entry(), this::connect, 0);
    }
  }

  /**
   * Binds a target, so that what is due for it reaches it.
   *
   * @throws dev.waybill.error.MessagingException if it is not there, or that is not allowed
   */
  void bind(PendingSend.Target target) {
    var unused = topology.call("binding of", target.toString(), on -> bind(on, target), 0);
  }

  private void bind(Channel on, PendingSend.Target target) throws IOException {
    String due = levels.dueExchange();
    String key = DelayLevels.destination(target);
    if (target.exchange().isEmpty()) {
      on.queueBind(target.routingKey(), due, key);
    } else {
      on.exchangeBind(target.exchange(), due, key);
      on.queueBind(levels.unsubscribed(), due, key);
    }
  }

  /** All bindings between the levels; one answer for hundreds of them. */
  private void connect(Channel on) throws IOException {
    on.queueBindNoWait(levels.undeliverable(), levels.undeliverable(), "", Map.of());
    for (int from = 0; from < levels.count(); from++) {
      String exchange = levels.level(from);
      on.exchangeBindNoWait(levels.dueExchange(), exchange, levels.lastKey(from), Map.of());
      for (int to = 0; to < from; to++) {
        on.queueBindNoWait(levels.level(to), exchange, levels.hopKey(from, to), Map.of());
      }
    }
    for (int level = 0; level < levels.count(); level++) {
      on.queueBindNoWait(levels.level(level), levels.entry(), levels.entryKey(level), Map.of());
    }
    on.exchangeDeclarePassive(levels.entry());
  }

  private void exchange(
      String name, BuiltinExchangeType type, Map<String, Object> arguments, Mode mode) {
    topology.prepare(
        "exchange",
        name,
        mode,
        on -> on.exchangeDeclarePassive(name),
        on -> on.exchangeDeclare(name, type, true, false, arguments));
  }

  private void queue(String name, Map<String, Object> more, Mode mode) {
    Map<String, Object> arguments = new HashMap<>(more);
    arguments.put("x-queue-type", "quorum");
    topology.prepare(
        "queue",
        name,
        mode,
        on -> on.queueDeclarePassive(name),
        on -> on.queueDeclare(name, true, false, false, arguments));
  }

  private Map<String, Object> waiting(int level) {
    return Map.of(
        "x-message-ttl",
        levels.waitMillis(level),
        "x-dead-letter-exchange",
        levels.level(level),
        "x-dead-letter-strategy",
        "at-least-once",
        "x-overflow",
        "reject-publish");
  }

  private boolean isThere() {
    String due = levels.dueExchange();
    return topology.call(
            "exchange",
            due,
            on -> on.exchangeDeclarePassive(due),
            AMQP.NOT_FOUND,
            AMQP.ACCESS_REFUSED)
        == null;
  }

  /** What delayed messages may be for: every channel, and the queues of those who retry. */
  private Set<PendingSend.Target> targets(Topology needed) {
    Set<PendingSend.Target> targets = new LinkedHashSet<>();
    for (dev.waybill.routing.Channel channel : needed.channels()) {
      if (channel instanceof Source queue) {
        addQueues(targets, queue);
      } else {
        targets.add(PendingSend.Target.of(channel));
      }
    }
    needed.sources().forEach(source -> addQueues(targets, source));
    return targets;
  }

  private void addQueues(Set<PendingSend.Target> targets, Source source) {
    partitions.queues(source).forEach(queue -> targets.add(PendingSend.Target.queue(queue)));
  }
}
