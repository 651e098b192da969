package dev.waybill.internal;

import dev.waybill.delivery.TransactionalMessageStore;
import dev.waybill.error.ConfigurationException;
import dev.waybill.internal.BusPlan.ConsumerPlan;
import dev.waybill.internal.BusPlan.DeadLetterPlan;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Route;
import dev.waybill.routing.Routes;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.serialization.Codec;
import dev.waybill.serialization.JacksonCodec;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Topology;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Judges a described bus before anything is connected, and reports all that is wrong with it
 * together.
 */
final class StartUpChecks {
  private static final Duration LONGEST_TIMEOUT = Duration.ofDays(365);

  private final BusBuilder builder;
  private final Routes routes;
  private final List<String> problems;
  private final CapabilityCheck capabilities;
  private final List<ConsumerPlan> consumers = new ArrayList<>();
  private final List<DeadLetterPlan> deadLetterConsumers = new ArrayList<>();

  private StartUpChecks(BusBuilder builder) {
    this.builder = builder;
    this.problems = new ArrayList<>(builder.problems);
    this.capabilities = new CapabilityCheck(builder.transport, problems);
    if (builder.routes == null) {
      problems.add("The bus has no routes: add .routes(Routes.define(r -> …)).");
    }
    this.routes = builder.routes == null ? Routes.define(r -> {}) : builder.routes;
  }

  /**
   * The plan of a bus.
   *
   * @throws ConfigurationException with every problem found
   */
  static BusPlan check(BusBuilder builder) {
    return new StartUpChecks(builder).run();
  }

  private BusPlan run() {
    problems.addAll(routes.problems());
    checkOptions();
    checkRoutes();
    ConsumerChecks consumerChecks =
        new ConsumerChecks(builder.transport, routes, capabilities, problems);
    for (ConsumerConfiguration consumer : builder.consumers) {
      checkOutbox(consumer);
      ConsumerPlan checked = consumerChecks.check(consumer);
      if (checked != null) {
        consumers.add(checked);
      }
    }
    builder.deadLetterConsumers.forEach(this::checkDeadLetterConsumer);
    checkNames();
    ReplyChecks replyChecks = new ReplyChecks(routes, capabilities, problems);
    replyChecks.checkNames(consumers, deadLetterConsumers);
    if (builder.requester != null) {
      replyChecks.checkRequester(builder.requester);
    }
    Topology topology = topology();
    problems.addAll(builder.transport.check(topology));
    if (!problems.isEmpty()) {
      throw new ConfigurationException(List.copyOf(new LinkedHashSet<>(problems)));
    }
    return new BusPlan(
        builder.transport,
        routes,
        codec(),
        builder.name,
        topology,
        builder.mode,
        List.copyOf(consumers),
        List.copyOf(deadLetterConsumers),
        List.copyOf(builder.interceptors),
        builder.outbox,
        builder.sendTimeout,
        builder.connectTimeout,
        builder.drainTimeout,
        builder.clock);
  }

  private void checkOptions() {
    positive("sendTimeout", builder.sendTimeout);
    positive("connectTimeout", builder.connectTimeout);
    if (builder.drainTimeout.isNegative()) {
      problems.add("drainTimeout(%s): give zero or more.".formatted(builder.drainTimeout));
    }
    countable("sendTimeout", builder.sendTimeout);
    countable("connectTimeout", builder.connectTimeout);
    countable("drainTimeout", builder.drainTimeout);
    try {
      if (builder.name.isEmpty() || new URI(builder.name).toString().isEmpty()) {
        problems.add("named(\"\"): give the application a name, such as \"order-service\".");
      }
    } catch (URISyntaxException e) {
      problems.add(
          "named(\"%s\") is not a URI reference, which CloudEvents wants of a source: write it without spaces, such as \"order-service\"."
              .formatted(builder.name));
    }
    if (builder.outbox != null && !builder.isNamed && !builder.outbox.hasOwner()) {
      problems.add(
          "outbox(…) on a bus without a name: applications without one would send each other's messages, each to its own broker; add named(…), such as \"order-service\", or give the store an owner(…).");
    }
    if (builder.mode == Topology.Mode.CREATE) {
      capabilities.needs(false, Feature.CREATE_TOPOLOGY, "topology(CREATE)");
    } else if (builder.mode == Topology.Mode.VERIFY) {
      capabilities.needs(false, Feature.VERIFY_TOPOLOGY, "topology(VERIFY)");
    }
  }

  private void checkOutbox(ConsumerConfiguration consumer) {
    if (!(consumer.store instanceof TransactionalMessageStore store)) {
      return;
    }
    if (builder.outbox == null) {
      problems.add(
          "The handlers of %s send into the outbox of their store, from which this bus would send nothing: add .outbox(…) with the store's."
              .formatted(consumer.inWords()));
    } else if (!builder.outbox.keepsFor(store)) {
      problems.add(
          "The handlers of %s send into the outbox of %s, but this bus sends from another, %s: give .outbox(…) the store's."
              .formatted(consumer.inWords(), store, builder.outbox));
    }
  }

  private void checkRoutes() {
    for (Route<?> route : routes.all()) {
      String what =
          "The route of " + route.payloadType().getSimpleName() + " to " + route.channel();
      if (route.key() != null) {
        capabilities.needs(true, Feature.ORDER_PER_KEY, what + ", which has a key,");
      }
      if (route.channel() instanceof Topic) {
        capabilities.needs(route.channel().keyed(), Feature.PUBLISH_SUBSCRIBE, what);
      }
      if (route.expiresAfter() != null) {
        capabilities.needs(
            route.channel().keyed(), Feature.EXPIRY, what + ", whose messages expire,");
      }
    }
  }

  private void checkDeadLetterConsumer(BusBuilder.DeadLetterConsumer consumer) {
    Source origin = originOf(consumer.source());
    if (origin == null) {
      problems.add(
          "consumeDeadLetters(\"%s\"): no route leads to a queue of this name or the topic of such a subscription: name a source like \"payments\" or \"orders.billing\"."
              .formatted(consumer.source()));
      return;
    }
    deadLetterConsumers.add(
        new DeadLetterPlan(origin, origin.deadLetterQueue(), consumer.handler()));
  }

  private @Nullable Source originOf(String name) {
    for (ConsumerPlan consumer : consumers) {
      if (consumer.source().name().equals(name)) {
        return consumer.source();
      }
    }
    if (!routes.to(new Queue(name, false)).isEmpty()) {
      return routes.queue(name);
    }
    for (Channel channel : routes.channels()) {
      if (channel instanceof Topic topic && name.startsWith(topic.name() + ".")) {
        String subscriber = name.substring(topic.name().length() + 1);
        if (Channel.isLegalName(subscriber)) {
          return new Subscription(topic, subscriber);
        }
      }
    }
    return null;
  }

  /**
   * Queues, subscriptions and dead-letter queues share one space of names on a broker, and so do
   * topics on some.
   */
  private void checkNames() {
    Map<String, String> owners = new LinkedHashMap<>();
    for (Channel channel : routes.channels()) {
      unique(owners, channel.name(), channel.toString());
    }
    Set<String> sources = new LinkedHashSet<>();
    for (ConsumerPlan consumer : consumers) {
      Source source = consumer.source();
      if (!sources.add(source.name())) {
        problems.add(
            "The %s is consumed twice on this bus: put its handlers into one consumer."
                .formatted(source));
        continue;
      }
      if (source instanceof Subscription) {
        unique(owners, source.name(), source.toString());
      }
      unique(owners, source.deadLetterQueue().name(), "dead-letter queue of the " + source);
    }
    Set<String> readers = new LinkedHashSet<>();
    for (DeadLetterPlan consumer : deadLetterConsumers) {
      if (!readers.add(consumer.queue().name())) {
        problems.add(
            "The dead letters of the %s are consumed twice on this bus: keep one."
                .formatted(consumer.origin()));
      }
      unique(owners, consumer.queue().name(), "dead-letter queue of the " + consumer.origin());
    }
  }

  private void unique(Map<String, String> owners, String name, String what) {
    String other = owners.putIfAbsent(name, what);
    if (other != null && !other.equals(what)) {
      problems.add(
          "The %s and the %s would both be called '%s' on the broker: rename one."
              .formatted(other, what, name));
    }
  }

  private Topology topology() {
    Set<Channel> channels = new LinkedHashSet<>(routes.channels());
    Set<Source> sources = new LinkedHashSet<>();
    Set<Queue> deadLetterQueues = new LinkedHashSet<>();
    Map<Source, Set<String>> ignored = new LinkedHashMap<>();
    for (ConsumerPlan consumer : consumers) {
      if (!consumer.ignored().isEmpty()) {
        ignored.put(consumer.source(), consumer.ignored());
      }
      channels.add(consumer.source().channel());
      sources.add(consumer.source());
      deadLetterQueues.add(consumer.source().deadLetterQueue());
    }
    deadLetterConsumers.forEach(consumer -> deadLetterQueues.add(consumer.queue()));
    return new Topology(
        List.copyOf(channels),
        List.copyOf(sources),
        List.copyOf(deadLetterQueues),
        builder.requester == null ? null : ReplyChecks.newQueue(builder.requester),
        ignored);
  }

  private Codec codec() {
    if (builder.codec != null) {
      return builder.codec;
    }
    long longest =
        Math.max(
            builder.transport.capabilities(true).maxBodyBytes(),
            builder.transport.capabilities(false).maxBodyBytes());
    return JacksonCodec.upTo((int) Math.min(longest, Integer.MAX_VALUE - 8));
  }

  private void positive(String option, Duration duration) {
    if (duration.isZero() || duration.isNegative()) {
      problems.add("%s(%s): give a positive time.".formatted(option, duration));
    }
  }

  /** In nanoseconds, and added to a clock: "for ever" overflows. */
  private void countable(String option, Duration duration) {
    if (duration.compareTo(LONGEST_TIMEOUT) > 0) {
      problems.add(
          "%s(%s): give at most %d days.".formatted(option, duration, LONGEST_TIMEOUT.toDays()));
    }
  }
}
