package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.rabbitmq.RabbitLayout.Binding;
import dev.waybill.transport.rabbitmq.RabbitLayout.ExchangeItem;
import dev.waybill.transport.rabbitmq.RabbitLayout.QueueItem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates or verifies exchanges, queues and bindings.
 *
 * <p>Whether something is there shows in a passive declaration. Whether it is as needed shows in a
 * full declaration of what is there already: the broker compares and changes nothing. That takes
 * the configure permission; where a verifying user lacks it, only the being there is verified.
 * Bindings can't be seen by AMQP at all: {@code CREATE} makes them, {@code VERIFY} does not look at
 * them.
 *
 * <p>A refused declaration closes its channel, so each uses one that may be thrown away.
 */
final class RabbitTopology {
  private static final String REPLY_QUEUE = "reply queue";
  private static final Logger log = LoggerFactory.getLogger(RabbitTopology.class);

  private final Connection connection;
  private final RabbitSettings settings;
  private final List<String> problems = new ArrayList<>();
  private @Nullable Channel channel;

  /** A declaration or binding. */
  interface Call {
    void on(Channel channel) throws IOException;
  }

  RabbitTopology(Connection connection, RabbitSettings settings) {
    this.connection = connection;
    this.settings = settings;
  }

  /**
   * What is missing or differs, after creating what is missing if so asked. The reply queue is made
   * in any case.
   */
  List<String> prepare(Topology topology, Mode mode) {
    try {
      if (mode != Mode.ASSUME) {
        prepare(RabbitLayout.of(topology, settings.partitions()), mode);
        delays().prepare(topology, mode, settings.delays().fromStart());
      }
      ReplyQueue replies = topology.replies();
      if (replies != null && problems.isEmpty()) {
        call(REPLY_QUEUE, replies.name(), on -> ReplyQueues.declare(on, replies), 0);
      }
      return List.copyOf(problems);
    } finally {
      closeChannel();
    }
  }

  /** The part that is about delays; reports into {@link #problems}. */
  DelayTopology delays() {
    return new DelayTopology(this, settings.delays().levels(), settings.partitions());
  }

  /** Does a work on delays alone. */
  List<String> perform(Consumer<DelayTopology> work) {
    try {
      work.accept(delays());
      return List.copyOf(problems);
    } finally {
      closeChannel();
    }
  }

  /** Whether nothing is missing or differs so far. */
  boolean isWell() {
    return problems.isEmpty();
  }

  private void prepare(RabbitLayout layout, Mode mode) {
    problems.addAll(PartitionCheck.of(layout, this::look));
    if (mode == Mode.CREATE && !problems.isEmpty()) {
      return;
    }
    for (ExchangeItem exchange : layout.exchanges()) {
      prepare(
          "exchange",
          exchange.name(),
          mode,
          on -> on.exchangeDeclarePassive(exchange.name()),
          on ->
              on.exchangeDeclare(
                  exchange.name(), exchange.type(), true, false, exchange.arguments()));
    }
    for (QueueItem queue : layout.queues()) {
      prepare(
          "queue",
          queue.name(),
          mode,
          on -> on.queueDeclarePassive(queue.name()),
          on ->
              on.queueDeclare(
                  queue.name(), true, false, false, queue.arguments(settings.classic())));
    }
    if (mode == Mode.CREATE && problems.isEmpty()) {
      layout.bindings().forEach(this::bind);
    }
  }

  /** Looks for an exchange or queue; makes it, or notes that it is missing or differs. */
  void prepare(String kind, String name, Mode mode, Call look, Call declare) {
    RabbitErrors.Reply refusal = call(kind, name, look, AMQP.NOT_FOUND, AMQP.ACCESS_REFUSED);
    if (refusal == null) {
      compare(kind, name, mode, declare);
    } else if (mode == Mode.CREATE) {
      call(kind, name, declare, 0);
    } else if (refusal.code() == AMQP.ACCESS_REFUSED) {
      throw unseen(kind, name, refusal);
    } else {
      problems.add(
          "The %s '%s' is missing on RabbitMQ at %s: declare it, or let the bus create its topology."
              .formatted(kind, name, settings.address()));
    }
  }

  private PartitionCheck.Sight look(String queue) {
    RabbitErrors.Reply refusal =
        call(
            "queue",
            queue,
            on -> on.queueDeclarePassive(queue),
            AMQP.NOT_FOUND,
            AMQP.ACCESS_REFUSED);
    if (refusal == null) {
      return PartitionCheck.Sight.THERE;
    }
    if (refusal.code() == AMQP.NOT_FOUND) {
      return PartitionCheck.Sight.MISSING;
    }
    log.info("The queue '{}' can't be looked for, to tell the partitions: {}", queue, refusal);
    return PartitionCheck.Sight.REFUSED;
  }

  private void compare(String kind, String name, Mode mode, Call declare) {
    RabbitErrors.Reply refusal =
        call(kind, name, declare, AMQP.PRECONDITION_FAILED, AMQP.ACCESS_REFUSED);
    if (refusal == null) {
      return;
    }
    if (refusal.code() == AMQP.PRECONDITION_FAILED) {
      problems.add(
          "The %s '%s' on RabbitMQ at %s differs from what is needed (%s): delete it once it is empty, or change the route."
              .formatted(kind, name, settings.address(), refusal.text()));
    } else if (mode == Mode.CREATE) {
      throw forbidden(kind, name, refusal, null);
    } else {
      log.info("The {} '{}' is there; its arguments can't be compared: {}", kind, name, refusal);
    }
  }

  private void bind(Binding binding) {
    call("binding to", binding.from(), on -> bind(on, binding), 0);
  }

  /** Waits for the answer to the last one, which comes after all others are done. */
  static void bind(Channel on, Binding binding) throws IOException {
    List<String> keys = binding.routingKeys();
    String last = keys.get(keys.size() - 1);
    if (!binding.toQueue()) {
      on.exchangeBind(binding.to(), binding.from(), last);
      return;
    }
    for (String key : keys.subList(0, keys.size() - 1)) {
      on.queueBindNoWait(binding.to(), binding.from(), key, Map.of());
    }
    on.queueBind(binding.to(), binding.from(), last);
  }

  /** Null if the broker did it, or its refusal if that is one of the expected ones. */
  RabbitErrors.@Nullable Reply call(String kind, String name, Call call, int... expectedRefusals) {
    try {
      call.on(channel());
      return null;
    } catch (IOException | AlreadyClosedException e) {
      RabbitErrors.Reply reply = RabbitErrors.reply(e);
      for (int expected : expectedRefusals) {
        if (reply.code() == expected && expected != 0 && !RabbitErrors.isDown(reply)) {
          return reply;
        }
      }
      if (reply.code() == AMQP.ACCESS_REFUSED) {
        throw forbidden(kind, name, reply, e);
      }
      throw RabbitErrors.problem(
          "RabbitMQ at %s did not prepare the %s '%s'".formatted(settings.address(), kind, name),
          e);
    }
  }

  private MessagingException unseen(String kind, String name, RabbitErrors.Reply refusal) {
    return new MessagingException(
        ErrorCode.NOT_AUTHORISED,
        ("The user '%s' may not look at the %s '%s' (%s): grant configure on it, or from RabbitMQ 4.2.7 and 4.3.1 on any permission,"
                + " or use the topology mode ASSUME.")
            .formatted(settings.login().lastUser(), kind, name, refusal.text()));
  }

  private MessagingException forbidden(
      String kind, String name, RabbitErrors.Reply reply, @Nullable Throwable cause) {
    String remedy =
        kind.equals(REPLY_QUEUE)
            ? "grant configure and read on it, which every bus that makes requests needs"
            : "grant configure on it, for a binding also write on the queue and read on the"
                + " exchange, or use the topology mode ASSUME";
    return new MessagingException(
        ErrorCode.NOT_AUTHORISED,
        "The user '%s' may not prepare the %s '%s' (%s): %s."
            .formatted(settings.login().lastUser(), kind, name, reply.text(), remedy),
        cause);
  }

  private Channel channel() throws IOException {
    Channel current = channel;
    if (current == null || !current.isOpen()) {
      current = Channels.open(connection);
      channel = current;
    }
    return current;
  }

  private void closeChannel() {
    Channel current = channel;
    if (current != null) {
      Channels.end(current);
    }
  }
}
