package dev.waybill.internal;

import dev.waybill.delivery.DeliveryGuarantee;
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
import dev.waybill.transport.Capabilities;
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
  private final List<ConsumerPlan> consumers = new ArrayList<>();
  private final List<DeadLetterPlan> deadLetterConsumers = new ArrayList<>();

  private StartUpChecks(BusBuilder builder) {
    this.builder = builder;
    this.problems = new ArrayList<>(builder.problems);
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
    builder.consumers.forEach(this::checkConsumer);
    builder.deadLetterConsumers.forEach(this::checkDeadLetterConsumer);
    checkNames();
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
    if (builder.mode == Topology.Mode.CREATE) {
      needs(false, Feature.CREATE_TOPOLOGY, "topology(CREATE)");
    } else if (builder.mode == Topology.Mode.VERIFY) {
      needs(false, Feature.VERIFY_TOPOLOGY, "topology(VERIFY)");
    }
  }

  private void checkRoutes() {
    for (Route<?> route : routes.all()) {
      String what =
          "The route of " + route.payloadType().getSimpleName() + " to " + route.channel();
      if (route.key() != null) {
        needs(true, Feature.ORDER_PER_KEY, what + ", which has a key,");
      }
      if (route.channel() instanceof Topic) {
        needs(route.channel().keyed(), Feature.PUBLISH_SUBSCRIBE, what);
      }
      if (route.expiresAfter() != null) {
        needs(route.channel().keyed(), Feature.EXPIRY, what + ", whose messages expire,");
      }
    }
  }

  private void checkConsumer(ConsumerConfiguration consumer) {
    problems.addAll(consumer.problems);
    String where = consumer.inWords();
    @Nullable Source source = source(consumer, where);
    if (consumer.concurrency < 1) {
      problems.add(
          "concurrency(%d) on %s: give at least 1.".formatted(consumer.concurrency, where));
    }
    if (consumer.maxUnsettledOrDefault() < consumer.concurrency) {
      problems.add(
          "maxUnsettled(%d) on %s is below its concurrency of %d, so that handlers would starve: give at least %d."
              .formatted(
                  consumer.maxUnsettledOrDefault(),
                  where,
                  consumer.concurrency,
                  consumer.concurrency));
    }
    if (consumer.virtualThreads && !Workers.virtualThreadsAvailable()) {
      problems.add(
          "virtualThreads() on %s needs Java 21 or later, this is Java %d: leave it out or run on a newer Java."
              .formatted(where, Runtime.version().feature()));
    }
    checkGuarantee(consumer, where);
    Map<String, BusPlan.Binding> bindings = bindings(consumer, where, source);
    if (source == null) {
      return;
    }
    checkCapabilities(consumer, where, source);
    List<Route<?>> travelling = routes.to(channelOf(source));
    consumers.add(
        new ConsumerPlan(
            source,
            bindings,
            travelling.size() == 1 ? travelling.get(0).typeName() : null,
            consumer.guarantee,
            consumer.policyOrStandard(),
            consumer.discardExpired,
            consumer.concurrency,
            consumer.maxUnsettledOrDefault(),
            consumer.virtualThreads));
  }

  private @Nullable Source source(ConsumerConfiguration consumer, String where) {
    if (!Channel.isLegalName(consumer.channel)
        || (consumer.subscriber != null && !Channel.isLegalName(consumer.subscriber))) {
      problems.add(
          "A consumer of %s: a name has 1 to %d ASCII letters, digits, '.', '_' or '-'."
              .formatted(where, Channel.MAX_NAME_LENGTH));
      return null;
    }
    Queue queue = routes.queue(consumer.channel);
    Topic topic = routes.topic(consumer.channel);
    if (consumer.subscriber == null) {
      if (routes.to(queue).isEmpty() && !routes.to(topic).isEmpty()) {
        problems.add(
            "%s is a topic, it can't be consumed like a queue: write .subscribe(\"%s\", \"<subscription>\", …)."
                .formatted(consumer.channel, consumer.channel));
        return null;
      }
      return queue;
    }
    if (routes.to(topic).isEmpty() && !routes.to(queue).isEmpty()) {
      problems.add(
          "%s is a queue, it can't be subscribed to: write .consume(\"%s\", …)."
              .formatted(consumer.channel, consumer.channel));
      return null;
    }
    return new Subscription(topic, consumer.subscriber);
  }

  private void checkGuarantee(ConsumerConfiguration consumer, String where) {
    if (consumer.guarantee == DeliveryGuarantee.EXACTLY_ONCE) {
      problems.add(
          "guarantee(EXACTLY_ONCE) on %s needs an idempotent receiver, which Waybill does not have yet: use AT_LEAST_ONCE and make the handler idempotent by the message id."
              .formatted(where));
    }
    if (consumer.guarantee == DeliveryGuarantee.AT_MOST_ONCE && consumer.policy != null) {
      problems.add(
          "onFailure(…) on %s has no effect under AT_MOST_ONCE, whose messages are settled before they are handled: leave it out or use AT_LEAST_ONCE."
              .formatted(where));
    }
  }

  private Map<String, BusPlan.Binding> bindings(
      ConsumerConfiguration consumer, String where, @Nullable Source source) {
    Map<String, BusPlan.Binding> bindings = new LinkedHashMap<>();
    for (ConsumerConfiguration.Registration handler : consumer.handlers.values()) {
      Route<?> route = routeOf(handler.type(), where, source);
      if (route == null) {
        continue;
      }
      if (route.kind() != handler.kind()) {
        problems.add(
            "%s is %s %s, but %s handles it as %s %s: use on%s(%s.class, …)."
                .formatted(
                    handler.type().getSimpleName(),
                    article(route.kind().toString()),
                    route.kind(),
                    where,
                    article(handler.kind().toString()),
                    handler.kind(),
                    capitalised(route.kind().toString()),
                    handler.type().getSimpleName()));
      }
      bindings.put(route.typeName(), new BusPlan.Binding(route, handler.invocation()));
    }
    for (Class<?> type : consumer.ignored) {
      Route<?> route = routeOf(type, where, source);
      if (route != null
          && bindings.put(route.typeName(), new BusPlan.Binding(route, null)) != null) {
        problems.add(
            "%s is both handled and ignored on %s: keep one."
                .formatted(type.getSimpleName(), where));
      }
    }
    checkEveryRouteIsHandled(where, source, bindings);
    return bindings;
  }

  private void checkEveryRouteIsHandled(
      String where, @Nullable Source source, Map<String, BusPlan.Binding> bindings) {
    if (source == null) {
      return;
    }
    List<Route<?>> travelling = routes.to(channelOf(source));
    if (travelling.isEmpty()) {
      problems.add(
          "No route leads to %s, so that its consumer would never get a message it knows: define a route to it, or correct the name."
              .formatted(channelOf(source)));
    }
    for (Route<?> route : travelling) {
      if (!bindings.containsKey(route.typeName())) {
        String type = route.payloadType().getSimpleName();
        problems.add(
            "The %s %s travels on %s, but %s has no handler for it: add .on%s(%s.class, …), or .ignoring(%s.class)."
                .formatted(
                    route.kind(),
                    type,
                    route.channel(),
                    where,
                    capitalised(route.kind().toString()),
                    type,
                    type));
      }
    }
  }

  private @Nullable Route<?> routeOf(Class<?> type, String where, @Nullable Source source) {
    Route<?> route = routes.of(type).orElse(null);
    if (route == null) {
      problems.add(
          "%s handles %s, which has no route: define one, such as r.event(%s.class).named(\"…\").toTopic(\"…\")."
              .formatted(where, type.getSimpleName(), type.getSimpleName()));
      return null;
    }
    if (source != null && !route.channel().equals(channelOf(source))) {
      problems.add(
          "%s handles %s, but that travels on %s: handle it there, or change its route."
              .formatted(where, type.getSimpleName(), route.channel()));
      return null;
    }
    return route;
  }

  private void checkCapabilities(ConsumerConfiguration consumer, String where, Source source) {
    if (consumer.guarantee != DeliveryGuarantee.AT_MOST_ONCE) {
      Duration wait = consumer.policyOrStandard().longestWait();
      Capabilities.Support retryAfter =
          builder.transport.capabilities(source.keyed()).support(Feature.RETRY_AFTER);
      if (!wait.isZero() && !retryAfter.serves(wait)) {
        problems.add(
            "onFailure(%s) on %s waits up to %s, but %s %s: give shorter waits."
                .formatted(
                    consumer.policyOrStandard(),
                    where,
                    wait,
                    builder.transport.name(),
                    retryAfter.limit() == null
                        ? "refuses waits (" + retryAfter.note() + ")"
                        : "waits at most " + retryAfter.limit() + " (" + retryAfter.note() + ")"));
      }
    }
    int most = builder.transport.capabilities(source.keyed()).maxUnsettled();
    if (consumer.maxUnsettledOrDefault() > most) {
      problems.add(
          "maxUnsettled(%d) on %s is over the limit of %s, %d: give at most that."
              .formatted(consumer.maxUnsettledOrDefault(), where, builder.transport.name(), most));
    }
    if (consumer.guarantee == DeliveryGuarantee.AT_MOST_ONCE) {
      needs(source.keyed(), Feature.AT_MOST_ONCE, "guarantee(AT_MOST_ONCE) on " + where);
    }
    needs(source.keyed(), Feature.DEAD_LETTER, "The consumer of " + where);
    needs(source.keyed(), Feature.ATTEMPTS, "The consumer of " + where);
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
    for (ConsumerPlan consumer : consumers) {
      channels.add(channelOf(consumer.source()));
      sources.add(consumer.source());
      deadLetterQueues.add(consumer.source().deadLetterQueue());
    }
    deadLetterConsumers.forEach(consumer -> deadLetterQueues.add(consumer.queue()));
    return new Topology(List.copyOf(channels), List.copyOf(sources), List.copyOf(deadLetterQueues));
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

  private void needs(boolean keyed, Feature feature, String who) {
    Capabilities.Support support = builder.transport.capabilities(keyed).support(feature);
    if (support.level() == Capabilities.Level.REFUSED) {
      problems.add(
          "%s needs %s, which %s refuses: %s"
              .formatted(who, feature, builder.transport.name(), support.note()));
    }
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

  static Channel channelOf(Source source) {
    return source instanceof Subscription subscription ? subscription.topic() : (Queue) source;
  }

  private static String article(String noun) {
    return noun.startsWith("e") ? "an" : "a";
  }

  private static String capitalised(String word) {
    return Character.toUpperCase(word.charAt(0)) + word.substring(1);
  }
}
