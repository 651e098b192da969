package dev.waybill.internal;

import dev.waybill.AsyncHandler;
import dev.waybill.Command;
import dev.waybill.ConsumerSpec;
import dev.waybill.Document;
import dev.waybill.Envelope;
import dev.waybill.Event;
import dev.waybill.Handler;
import dev.waybill.Outcome;
import dev.waybill.delivery.DeliveryGuarantee;
import dev.waybill.delivery.FailurePolicy;
import dev.waybill.delivery.ProcessedMessageStore;
import dev.waybill.routing.MessageKind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What a consumer was described to be. */
final class ConsumerConfiguration implements ConsumerSpec {
  /** A handler of either form, brought to one. */
  @FunctionalInterface
  interface Invocation {
    CompletionStage<Outcome> invoke(Envelope<?> envelope, BufferingContext context)
        throws Exception;
  }

  /** A handler with the kind it was registered for. */
  record Registration(Class<?> type, MessageKind kind, Invocation invocation) {}

  /** What a handler that has returned has decided. */
  static final CompletionStage<Outcome> ACKNOWLEDGED =
      CompletableFuture.completedFuture(Outcome.acknowledged());

  /** The queue's or topic's name. */
  final String channel;

  final @Nullable String subscriber;
  final Map<Class<?>, Registration> handlers = new LinkedHashMap<>();
  final Set<Class<?>> ignored = new LinkedHashSet<>();
  final List<String> problems = new ArrayList<>();
  DeliveryGuarantee guarantee = DeliveryGuarantee.AT_LEAST_ONCE;
  @Nullable ProcessedMessageStore store;
  @Nullable FailurePolicy policy;
  boolean discardExpired;
  int concurrency = DEFAULT_CONCURRENCY;
  private int maxUnsettled = -1;
  boolean virtualThreads;

  private ConsumerConfiguration(String channel, @Nullable String subscriber) {
    this.channel = Objects.requireNonNull(channel, "channel");
    this.subscriber = subscriber;
  }

  static ConsumerConfiguration ofQueue(String queue) {
    return new ConsumerConfiguration(queue, null);
  }

  static ConsumerConfiguration ofSubscription(String topic, String subscription) {
    return new ConsumerConfiguration(topic, Objects.requireNonNull(subscription, "subscription"));
  }

  /** The source in words, for errors. */
  String inWords() {
    return subscriber == null
        ? "queue " + channel
        : "subscription " + subscriber + " of topic " + channel;
  }

  FailurePolicy policyOrStandard() {
    return policy == null ? FailurePolicy.standard() : policy;
  }

  int maxUnsettledOrDefault() {
    return maxUnsettled < 0 ? Math.max(concurrency, DEFAULT_MAX_UNSETTLED) : maxUnsettled;
  }

  @Override
  public <T> ConsumerSpec onCommand(Class<T> type, Handler<Command<T>> handler) {
    return register(MessageKind.COMMAND, type, returning(handler));
  }

  @Override
  public <T> ConsumerSpec onCommandAsync(Class<T> type, AsyncHandler<Command<T>> handler) {
    return register(MessageKind.COMMAND, type, asynchronous(handler));
  }

  @Override
  public <T> ConsumerSpec onEvent(Class<T> type, Handler<Event<T>> handler) {
    return register(MessageKind.EVENT, type, returning(handler));
  }

  @Override
  public <T> ConsumerSpec onEventAsync(Class<T> type, AsyncHandler<Event<T>> handler) {
    return register(MessageKind.EVENT, type, asynchronous(handler));
  }

  @Override
  public <T> ConsumerSpec onDocument(Class<T> type, Handler<Document<T>> handler) {
    return register(MessageKind.DOCUMENT, type, returning(handler));
  }

  @Override
  public <T> ConsumerSpec onDocumentAsync(Class<T> type, AsyncHandler<Document<T>> handler) {
    return register(MessageKind.DOCUMENT, type, asynchronous(handler));
  }

  @Override
  public ConsumerSpec ignoring(Class<?>... types) {
    ignored.addAll(List.of(types));
    return this;
  }

  @Override
  public ConsumerSpec guarantee(DeliveryGuarantee guarantee) {
    this.guarantee = Objects.requireNonNull(guarantee, "guarantee");
    return this;
  }

  @Override
  public ConsumerSpec idempotent(ProcessedMessageStore store) {
    this.store = Objects.requireNonNull(store, "store");
    return this;
  }

  @Override
  public ConsumerSpec onFailure(FailurePolicy policy) {
    this.policy = Objects.requireNonNull(policy, "policy");
    return this;
  }

  @Override
  public ConsumerSpec discardExpired() {
    this.discardExpired = true;
    return this;
  }

  @Override
  public ConsumerSpec concurrency(int handlers) {
    this.concurrency = handlers;
    return this;
  }

  @Override
  public ConsumerSpec maxUnsettled(int messages) {
    if (messages < 1) {
      problems.add("maxUnsettled(%d) on %s: give at least 1.".formatted(messages, inWords()));
    }
    this.maxUnsettled = Math.max(1, messages);
    return this;
  }

  @Override
  public ConsumerSpec virtualThreads() {
    this.virtualThreads = true;
    return this;
  }

  private ConsumerSpec register(MessageKind kind, Class<?> type, Invocation invocation) {
    Objects.requireNonNull(type, "type");
    if (handlers.putIfAbsent(type, new Registration(type, kind, invocation)) != null) {
      problems.add(
          "%s has two handlers on %s: keep one.".formatted(type.getSimpleName(), inWords()));
    }
    return this;
  }

  // The two casts below are safe: a registration is looked up by the payload's class and kind.

  @SuppressWarnings("unchecked")
  private static <E extends Envelope<?>> Invocation returning(Handler<E> handler) {
    Objects.requireNonNull(handler, "handler");
    return (envelope, context) -> {
      Outcome decided;
      context.begin();
      try {
        handler.handle((E) envelope, context);
      } finally {
        decided = context.end();
      }
      return decided instanceof Outcome.Acknowledged
          ? ACKNOWLEDGED
          : CompletableFuture.completedFuture(decided);
    };
  }

  @SuppressWarnings("unchecked")
  private static <E extends Envelope<?>> Invocation asynchronous(AsyncHandler<E> handler) {
    Objects.requireNonNull(handler, "handler");
    return (envelope, context) -> {
      context.begin();
      CompletionStage<?> stage = null;
      try {
        stage = handler.handle((E) envelope, context);
      } finally {
        if (stage == null) {
          var unused = context.end();
        }
      }
      return Objects.requireNonNull(stage, "the handler returned null instead of a stage")
          .whenComplete(
              (value, failure) -> {
                var unused = context.end();
              })
          .thenApply(
              value -> {
                refuseWhatWouldBeLost(value);
                return context.end();
              });
    };
  }

  private static void refuseWhatWouldBeLost(@Nullable Object value) {
    if (value instanceof CompletionStage) {
      throw new IllegalStateException(
          "the handler's stage gave another stage, which nobody waits for: use thenCompose instead of thenApply");
    }
    if (value instanceof Outcome) {
      throw new IllegalStateException(
          "the handler's stage gave %s, which nobody heeds: decide through the context, such as by context.deadLetter(…)"
              .formatted(value));
    }
  }
}
