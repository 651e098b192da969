package dev.waybill.routing;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The routes of an application: payload class, stable type name, kind, channel, key, expiry. Built
 * in code, without a word about a broker:
 *
 * <pre>{@code
 * Routes routes = Routes.define(r -> {
 *   r.event(OrderPlaced.class).named("orders.order-placed.v1").toTopic("orders").keyedBy(OrderPlaced::orderId);
 *   r.command(ProcessPayment.class).named("payments.process.v1").toQueue("payments").keyedBy(ProcessPayment::orderId);
 * });
 * }</pre>
 *
 * <p>What is wrong with the routes is collected in {@link #problems()}, and reported when a bus
 * starts with them, together with everything else that is wrong then.
 *
 * <p>Immutable, thread-safe.
 */
public final class Routes {
  private final Map<Class<?>, Route<?>> byType;
  private final Map<String, Route<?>> byName;
  private final ReplyTypes replies = new ReplyTypes();
  private final List<String> problems;

  private Routes(
      Map<Class<?>, Route<?>> byType,
      Map<String, Route<?>> byName,
      List<RouteBuilder<?>> replyBuilders,
      List<String> problems) {
    this.byType = byType;
    this.byName = byName;
    for (RouteBuilder<?> reply : replyBuilders) {
      replies.add(reply.payloadType, String.valueOf(reply.typeName), this, problems);
    }
    this.problems = List.copyOf(problems);
  }

  /** The routes that {@code definition} describes. */
  public static Routes define(Consumer<Definition> definition) {
    Definition routes = new Definition();
    definition.accept(routes);
    return routes.build();
  }

  /** The route of payloads of exactly this class. */
  public Optional<Route<?>> of(Class<?> payloadType) {
    return Optional.ofNullable(byType.get(payloadType));
  }

  /** The route of a type name; the only way from a name on the wire to a class. */
  public Optional<Route<?>> named(String typeName) {
    return Optional.ofNullable(byName.get(typeName));
  }

  /** The type name of replies of exactly this class. */
  public Optional<String> replyName(Class<?> payloadType) {
    return replies.nameOf(payloadType);
  }

  /** Whether replies of some class are of this one, or of a subclass. */
  public boolean hasReply(Class<?> type) {
    return replies.hasAny(type);
  }

  /** The class of the replies of a type name; no route has it. */
  public Optional<Class<?>> replyNamed(String typeName) {
    return replies.named(typeName);
  }

  /** The routes that lead to the channel of this name and form (queue or topic). */
  public List<Route<?>> to(Channel channel) {
    List<Route<?>> found = new ArrayList<>();
    for (Route<?> route : byType.values()) {
      if (sameChannel(route.channel(), channel)) {
        found.add(route);
      }
    }
    return found;
  }

  /** All routes, in the order of their definition. */
  public Collection<Route<?>> all() {
    return List.copyOf(byType.values());
  }

  /** The channels of all routes, each once. */
  public Set<Channel> channels() {
    Set<Channel> channels = new LinkedHashSet<>();
    byType.values().forEach(route -> channels.add(route.channel()));
    return channels;
  }

  /** The queue of this name, keyed if a route on it has a key. */
  public Queue queue(String name) {
    Queue keyed = new Queue(name, true);
    return channels().contains(keyed) ? keyed : new Queue(name, false);
  }

  /** The topic of this name, keyed if a route on it has a key. */
  public Topic topic(String name) {
    Topic keyed = new Topic(name, true);
    return channels().contains(keyed) ? keyed : new Topic(name, false);
  }

  /** What is wrong with the routes, one sentence each with the remedy; empty if all is well. */
  public List<String> problems() {
    return problems;
  }

  /** The routes and the classes of replies, a line each. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    byType.values().forEach(route -> text.append(route).append('\n'));
    return text.append(replies).toString();
  }

  private static boolean sameChannel(Channel a, Channel b) {
    return a.name().equals(b.name()) && a.getClass() == b.getClass();
  }

  /** Collects routes; given to {@link Routes#define}, of no use afterwards. Not thread-safe. */
  public static final class Definition {
    private final List<RouteBuilder<?>> builders = new ArrayList<>();

    private Definition() {}

    /** Begins the route of an event: a fact, published to a topic. */
    public <T> Named<ToTopic<T>> event(Class<T> payloadType) {
      return add(MessageKind.EVENT, payloadType);
    }

    /** Begins the route of a command: asks the one owner of a queue to do something. */
    public <T> Named<ToQueue<T>> command(Class<T> payloadType) {
      return add(MessageKind.COMMAND, payloadType);
    }

    /**
     * Names the class of replies to requests: they travel to whoever requested, so they need no
     * channel, only a type name.
     */
    public <T extends Record> Named<Reply> reply(Class<T> payloadType) {
      return add(new RouteBuilder<>(MessageKind.DOCUMENT, payloadType, true));
    }

    /** Begins the route of a document: data handed over, to a queue or a topic. */
    public <T> Named<ToChannel<T>> document(Class<T> payloadType) {
      return add(MessageKind.DOCUMENT, payloadType);
    }

    private <S> Named<S> add(MessageKind kind, Class<?> payloadType) {
      return add(new RouteBuilder<>(kind, payloadType, false));
    }

    @SuppressWarnings(
        "unchecked") // one builder implements every step; the step type limits what is offered
    private <S> Named<S> add(RouteBuilder<?> builder) {
      builders.add(builder);
      return (Named<S>) (Named<?>) builder;
    }

    private Routes build() {
      List<String> problems = new ArrayList<>();
      Set<String> keyedQueues = new LinkedHashSet<>();
      Set<String> keyedTopics = new LinkedHashSet<>();
      for (RouteBuilder<?> builder : builders) {
        builder.check(problems);
        if (builder.key != null) {
          (builder.topic ? keyedTopics : keyedQueues).add(builder.channelName());
        }
      }
      Map<Class<?>, Route<?>> byType = new LinkedHashMap<>();
      Map<String, Route<?>> byName = new LinkedHashMap<>();
      List<RouteBuilder<?>> replies = new ArrayList<>();
      for (RouteBuilder<?> builder : builders) {
        if (builder.reply && builder.typeName != null) {
          replies.add(builder);
        }
        if (builder.channel == null || builder.typeName == null) {
          continue;
        }
        Route<?> route =
            builder.build((builder.topic ? keyedTopics : keyedQueues).contains(builder.channel));
        Route<?> sameType = byType.putIfAbsent(route.payloadType(), route);
        if (sameType != null) {
          problems.add(twice(sameType, route));
        }
        Route<?> sameName = byName.putIfAbsent(route.typeName(), route);
        if (sameName != null && sameType == null) {
          problems.add(
              ReplyTypes.sameName(route.typeName(), sameName.payloadType(), route.payloadType()));
        }
      }
      return new Routes(byType, byName, replies, problems);
    }

    private static String twice(Route<?> first, Route<?> second) {
      if (first.kind() == MessageKind.COMMAND && !first.channel().equals(second.channel())) {
        return "The command %s has two owners, %s and %s: a command has one; keep one route, or make it an event."
            .formatted(first.payloadType().getSimpleName(), first.channel(), second.channel());
      }
      return "%s has two routes, to %s and to %s: a payload class has one; remove one of them."
          .formatted(first.payloadType().getSimpleName(), first.channel(), second.channel());
    }
  }

  /**
   * A route that lacks its type name.
   *
   * @param <S> the step that follows
   */
  public sealed interface Named<S> permits RouteBuilder {
    /**
     * Gives the stable type name: the CloudEvents {@code type}, kept for ever, with the version in
     * it: {@code orders.order-placed.v1}. Never a class name, so that classes may move.
     */
    S named(String typeName);
  }

  /** A class of replies that is complete. */
  public sealed interface Reply permits RouteBuilder {}

  /**
   * A route that lacks its topic.
   *
   * @param <T> the payload's class
   */
  public sealed interface ToTopic<T> permits ToChannel {
    /** Publishes to the topic of this name. */
    Options<T> toTopic(String name);
  }

  /**
   * A route that lacks its queue.
   *
   * @param <T> the payload's class
   */
  public sealed interface ToQueue<T> permits ToChannel {
    /** Sends to the queue of this name. */
    Options<T> toQueue(String name);
  }

  /**
   * A route that lacks its channel.
   *
   * @param <T> the payload's class
   */
  public sealed interface ToChannel<T> extends ToTopic<T>, ToQueue<T> permits RouteBuilder {}

  /**
   * What a complete route may have besides.
   *
   * @param <T> the payload's class
   */
  public sealed interface Options<T> permits RouteBuilder {
    /**
     * Keeps the order of messages with the same key: one at a time, in sending order, over retries,
     * redelivery and instances. A payload for which {@code key} gives null has no order. An empty
     * key, or one with control characters, is not sent ({@code INVALID_MESSAGE}).
     */
    Options<T> keyedBy(Function<? super T, @Nullable String> key);

    /**
     * Lets messages expire this long after they were sent; a consumer does not handle them then.
     * Positive.
     */
    Options<T> expiringAfter(Duration lifetime);
  }

  /** How the type names begin that the library gives. */
  private static final String RESERVED = "dev.waybill.";

  /** Within the years that RFC 3339 can write. */
  private static final Duration LONGEST_LIFE = Duration.ofDays(36_500);

  private static final class RouteBuilder<T>
      implements Named<Object>, ToChannel<T>, Options<T>, Reply {
    private final MessageKind kind;
    private final Class<T> payloadType;
    private final boolean reply;
    private @Nullable String typeName;
    private @Nullable String channel;
    private boolean topic;
    private @Nullable Function<? super T, @Nullable String> key;
    private @Nullable Duration expiresAfter;

    RouteBuilder(MessageKind kind, Class<T> payloadType, boolean reply) {
      this.kind = kind;
      this.payloadType = payloadType;
      this.reply = reply;
    }

    @Override
    public Object named(String typeName) {
      this.typeName = typeName;
      return this;
    }

    @Override
    public Options<T> toTopic(String name) {
      this.channel = name;
      this.topic = true;
      return this;
    }

    @Override
    public Options<T> toQueue(String name) {
      this.channel = name;
      this.topic = false;
      return this;
    }

    @Override
    public Options<T> keyedBy(Function<? super T, @Nullable String> key) {
      this.key = key;
      return this;
    }

    @Override
    public Options<T> expiringAfter(Duration lifetime) {
      this.expiresAfter = lifetime;
      return this;
    }

    String channelName() {
      return channel == null ? "" : channel;
    }

    void check(List<String> problems) {
      String what =
          (reply ? "The reply " : "The route of the " + kind + " ") + payloadType.getSimpleName();
      if (payloadType.isInterface()
          || payloadType.isPrimitive()
          || payloadType.isArray()
          || payloadType == Record.class) {
        problems.add(
            "%s is for %s: give a concrete class, such as a record.".formatted(what, payloadType));
      }
      if (typeName == null) {
        problems.add("%s has no type name: add .named(\"…\").".formatted(what));
      } else if (!typeName.matches("[\\x21-\\x7e]{1,200}")) {
        problems.add(
            "%s has the type name '%s': use 1 to 200 visible ASCII characters, such as \"orders.order-placed.v1\"."
                .formatted(what, typeName));
      } else if (typeName.startsWith(RESERVED)) {
        problems.add(
            "%s has the type name '%s', but names that begin with '%s' are Waybill's own: give another."
                .formatted(what, typeName, RESERVED));
      }
      if (!reply) {
        checkChannel(what, problems);
      }
    }

    private void checkChannel(String what, List<String> problems) {
      if (channel == null) {
        problems.add("%s leads nowhere: add .toQueue(\"…\") or .toTopic(\"…\").".formatted(what));
      } else if (!Channel.isLegalName(channel)) {
        problems.add(
            "%s leads to '%s': a channel's name has 1 to %d ASCII letters, digits, '.', '_' or '-'."
                .formatted(what, channel, Channel.MAX_NAME_LENGTH));
      }
      if (expiresAfter != null
          && (expiresAfter.isZero()
              || expiresAfter.isNegative()
              || expiresAfter.compareTo(LONGEST_LIFE) > 0)) {
        problems.add(
            "%s expires after %s: give a positive time of at most %d days, or leave it out for \"never\"."
                .formatted(what, expiresAfter, LONGEST_LIFE.toDays()));
      }
    }

    Route<T> build(boolean keyedChannel) {
      String name = channelName();
      Channel to = topic ? new Topic(name, keyedChannel) : new Queue(name, keyedChannel);
      return new Route<>(payloadType, String.valueOf(typeName), kind, to, key, expiresAfter);
    }
  }
}
