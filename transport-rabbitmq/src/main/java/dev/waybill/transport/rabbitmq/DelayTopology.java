package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.rabbitmq.RabbitLayout.Binding;
import dev.waybill.transport.rabbitmq.RabbitLayout.ExchangeItem;
import java.io.IOException;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Creates or verifies a {@link DelayLayout}, and binds channels to it. */
final class DelayTopology {
  private static final Logger log = LoggerFactory.getLogger(DelayTopology.class);

  private final RabbitTopology topology;
  private final DelayLevels levels;
  private final DelayLayout layout;
  private final Partitions partitions;

  DelayTopology(RabbitTopology topology, DelayLevels levels, Partitions partitions) {
    this.topology = topology;
    this.levels = levels;
    this.layout = new DelayLayout(levels);
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
    for (PendingSend.Target target : DelayLayout.targets(needed, partitions)) {
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
    layout.exchanges().forEach(item -> exchange(item, mode));
    layout.queues().forEach((name, arguments) -> queue(name, arguments, mode));
    exchange(layout.entry(), mode);
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
    for (Binding binding : layout.bindings(target)) {
      RabbitTopology.bind(on, binding);
    }
  }

  /** All bindings between the levels; one answer for hundreds of them. */
  private void connect(Channel on) throws IOException {
    for (Binding binding : layout.bindings()) {
      String key = binding.routingKeys().get(0);
      if (binding.toQueue()) {
        on.queueBindNoWait(binding.to(), binding.from(), key, Map.of());
      } else {
        on.exchangeBindNoWait(binding.to(), binding.from(), key, Map.of());
      }
    }
    on.exchangeDeclarePassive(levels.entry());
  }

  private void exchange(ExchangeItem item, Mode mode) {
    topology.prepare(
        "exchange",
        item.name(),
        mode,
        on -> on.exchangeDeclarePassive(item.name()),
        on -> on.exchangeDeclare(item.name(), item.type(), true, false, item.arguments()));
  }

  private void queue(String name, Map<String, Object> arguments, Mode mode) {
    topology.prepare(
        "queue",
        name,
        mode,
        on -> on.queueDeclarePassive(name),
        on -> on.queueDeclare(name, true, false, false, arguments));
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
}
