package dev.waybill.internal;

import dev.waybill.delivery.DeliveryGuarantee;
import dev.waybill.internal.BusPlan.ConsumerPlan;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Route;
import dev.waybill.routing.Routes;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Transport;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Judges one described consumer: its source, handlers, options, and what they need of the
 * transport.
 */
final class ConsumerChecks {
  private final Transport transport;
  private final Routes routes;
  private final CapabilityCheck capabilities;
  private final List<String> problems;

  ConsumerChecks(
      Transport transport, Routes routes, CapabilityCheck capabilities, List<String> problems) {
    this.transport = transport;
    this.routes = routes;
    this.capabilities = capabilities;
    this.problems = problems;
  }

  /** The plan of one consumer, or null if its source can't be told. */
  @Nullable ConsumerPlan check(ConsumerConfiguration consumer) {
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
      return null;
    }
    checkCapabilities(consumer, where, source);
    List<Route<?>> travelling = routes.to(source.channel());
    return new ConsumerPlan(
        source,
        bindings,
        travelling.size() == 1 ? travelling.get(0).typeName() : null,
        consumer.guarantee,
        consumer.store,
        consumer.policyOrStandard(),
        consumer.discardExpired,
        consumer.concurrency,
        consumer.maxUnsettledOrDefault(),
        consumer.virtualThreads);
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
    if (consumer.guarantee == DeliveryGuarantee.AT_MOST_ONCE && consumer.policy != null) {
      problems.add(
          "onFailure(…) on %s has no effect under AT_MOST_ONCE, whose messages are settled before they are handled: leave it out or use AT_LEAST_ONCE."
              .formatted(where));
    }
    if (consumer.store != null && consumer.guarantee != DeliveryGuarantee.EXACTLY_ONCE) {
      problems.add(
          "idempotent(…) on %s goes with EXACTLY_ONCE and not with %s: add .guarantee(EXACTLY_ONCE), or leave it out."
              .formatted(where, consumer.guarantee));
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
    List<Route<?>> travelling = routes.to(source.channel());
    if (travelling.isEmpty()) {
      problems.add(
          "No route leads to %s, so that its consumer would never get a message it knows: define a route to it, or correct the name."
              .formatted(source.channel()));
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
    if (source != null && !route.channel().equals(source.channel())) {
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
      Capabilities.Support retryAfter = transport.capabilities(source).support(Feature.RETRY_AFTER);
      if (!wait.isZero() && !retryAfter.serves(wait)) {
        problems.add(
            "onFailure(%s) on %s waits up to %s, but %s %s: give shorter waits."
                .formatted(
                    consumer.policyOrStandard(),
                    where,
                    wait,
                    transport.name(),
                    retryAfter.limit() == null
                        ? "refuses waits (" + retryAfter.note() + ")"
                        : "waits at most " + retryAfter.limit() + " (" + retryAfter.note() + ")"));
      }
    }
    int most = transport.capabilities(source).maxUnsettled();
    if (consumer.maxUnsettledOrDefault() > most) {
      problems.add(
          "maxUnsettled(%d) on %s is over the limit of %s, %d: give at most that."
              .formatted(consumer.maxUnsettledOrDefault(), where, transport.name(), most));
    }
    if (consumer.guarantee == DeliveryGuarantee.AT_MOST_ONCE) {
      capabilities.needs(source, Feature.AT_MOST_ONCE, "guarantee(AT_MOST_ONCE) on " + where);
    }
    if (consumer.store != null) {
      new StoreChecks(transport, problems).check(consumer, consumer.store, source);
    } else if (consumer.guarantee == DeliveryGuarantee.EXACTLY_ONCE) {
      capabilities.needs(source, Feature.ATOMIC_SETTLEMENT, "guarantee(EXACTLY_ONCE) on " + where);
    }
    if (source.keyed() && !isRefused(Feature.ORDER_PER_KEY, transport.capabilities(true))) {
      capabilities.needs(
          source,
          Feature.ORDER_PER_KEY,
          "The consumer of " + where + ", whose messages have keys,");
    }
    capabilities.needs(source, Feature.DEAD_LETTER, "The consumer of " + where);
    capabilities.needs(source, Feature.ATTEMPTS, "The consumer of " + where);
  }

  /** What every keyed route was refused for is not said again of its consumers. */
  private static boolean isRefused(Feature feature, Capabilities capabilities) {
    return capabilities.support(feature).level() == Capabilities.Level.REFUSED;
  }

  private static String article(String noun) {
    return noun.startsWith("e") ? "an" : "a";
  }

  private static String capitalised(String word) {
    return Character.toUpperCase(word.charAt(0)) + word.substring(1);
  }
}
