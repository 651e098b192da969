package dev.waybill.examples.telemetry;

import static io.opentelemetry.api.common.AttributeKey.booleanKey;
import static io.opentelemetry.api.common.AttributeKey.longKey;
import static io.opentelemetry.api.common.AttributeKey.stringKey;

import dev.waybill.AttemptResult;
import dev.waybill.ConsumerStatus;
import dev.waybill.Envelope;
import dev.waybill.HandlerContext;
import dev.waybill.Interceptor;
import dev.waybill.MessageBus;
import dev.waybill.Metadata;
import dev.waybill.Outcome;
import dev.waybill.SendResult;
import dev.waybill.routing.Channel;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.metrics.BatchCallback;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.metrics.LongCounter;
import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.api.metrics.ObservableDoubleMeasurement;
import io.opentelemetry.api.metrics.ObservableLongMeasurement;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Tells OpenTelemetry of every message, by the names of its semantic conventions for messaging
 * (1.44, in development), to be copied and changed. A message has a span for its creation, whose
 * context travels with it, one for its sending, and one for each attempt to process it; the last
 * two are children of the first. What is given up without an attempt has one, too.
 */
public final class Telemetry implements Interceptor {
  static final AttributeKey<String> SYSTEM = stringKey("messaging.system");
  static final AttributeKey<String> OPERATION = stringKey("messaging.operation.name");
  static final AttributeKey<String> OPERATION_TYPE = stringKey("messaging.operation.type");
  static final AttributeKey<String> DESTINATION = stringKey("messaging.destination.name");
  static final AttributeKey<String> TEMPLATE = stringKey("messaging.destination.template");
  static final AttributeKey<Boolean> TEMPORARY = booleanKey("messaging.destination.temporary");
  static final AttributeKey<String> SUBSCRIPTION =
      stringKey("messaging.destination.subscription.name");
  static final AttributeKey<String> MESSAGE_ID = stringKey("messaging.message.id");
  static final AttributeKey<String> CONVERSATION = stringKey("messaging.message.conversation_id");
  static final AttributeKey<String> ERROR = stringKey("error.type");
  static final AttributeKey<Long> ATTEMPT = longKey("waybill.attempt");
  static final AttributeKey<String> HANDLING = stringKey("waybill.handling");
  static final AttributeKey<String> OUTCOME = stringKey("waybill.outcome");
  static final AttributeKey<String> SOURCE = stringKey("waybill.source");

  private static final List<Double> SECONDS =
      List.of(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0);

  private static final TextMapGetter<Metadata> HEADERS =
      (metadata, name) -> metadata == null ? null : metadata.header(name);

  private final String system;
  private final Tracer tracer;
  private final Meter meter;
  private final TextMapPropagator propagator;
  private final LongCounter sent;
  private final DoubleHistogram operations;
  private final LongCounter consumed;
  private final DoubleHistogram processing;
  private final LongCounter attempts;

  /** What was begun around handlers, until it is decided what becomes of the message. */
  private final Map<Attempt, Span> open = new ConcurrentHashMap<>();

  private record Attempt(Source source, String brokerId, int number) {}

  /**
   * Feeds one SDK.
   *
   * @param system what OpenTelemetry calls the broker: {@code kafka}, {@code rabbitmq}, {@code
   *     aws_sqs}
   */
  public Telemetry(OpenTelemetry openTelemetry, String system) {
    this.system = system;
    this.tracer = openTelemetry.getTracer("dev.waybill");
    this.meter = openTelemetry.getMeter("dev.waybill");
    this.propagator = openTelemetry.getPropagators().getTextMapPropagator();
    this.sent = counter("messaging.client.sent.messages");
    this.operations = histogram("messaging.client.operation.duration");
    this.consumed = counter("messaging.client.consumed.messages");
    this.processing = histogram("messaging.process.duration");
    this.attempts = meter.counterBuilder("waybill.consumer.attempts").setUnit("{attempt}").build();
  }

  private LongCounter counter(String name) {
    return meter.counterBuilder(name).setUnit("{message}").build();
  }

  private DoubleHistogram histogram(String name) {
    return meter
        .histogramBuilder(name)
        .setUnit("s")
        .setExplicitBucketBoundariesAdvice(SECONDS)
        .build();
  }

  /** What consumers have to do is asked for whenever the metrics are read; until it is closed. */
  public BatchCallback watch(MessageBus bus) {
    ObservableLongMeasurement backlog =
        meter
            .gaugeBuilder("waybill.consumer.backlog")
            .ofLongs()
            .setUnit("{message}")
            .buildObserver();
    ObservableDoubleMeasurement longest =
        meter.gaugeBuilder("waybill.consumer.longest_handling").setUnit("s").buildObserver();
    return meter.batchCallback(
        () -> {
          for (ConsumerStatus consumer : bus.health().consumers()) {
            Attributes source = Attributes.of(SOURCE, consumer.source());
            if (consumer.backlog() != null) {
              backlog.record(consumer.backlog(), source);
            }
            Duration handling = consumer.longestHandling();
            longest.record(handling == null ? 0 : seconds(handling), source);
          }
        },
        backlog,
        longest);
  }

  /** What a handler sends has the header of its span by now, and all else that of the current. */
  @Override
  public Envelope<?> outgoing(Envelope<?> envelope, Channel channel) {
    Context parent = propagator.extract(Context.current(), envelope.metadata(), HEADERS);
    Span span =
        span("create", SpanKind.PRODUCER, parent, channel)
            .setAttribute(MESSAGE_ID, envelope.metadata().id())
            .startSpan();
    Map<String, String> headers = new LinkedHashMap<>(envelope.metadata().headers());
    propagator.inject(parent.with(span), headers, Map::put);
    span.end();
    return envelope.with(metadata -> metadata.withHeaders(headers));
  }

  @Override
  public void sent(SendResult result) {
    Instant now = Instant.now();
    Context creation = propagator.extract(Context.current(), result.metadata(), HEADERS);
    AttributesBuilder measured = attributes("send", result.channel());
    Span span =
        span("send", SpanKind.CLIENT, creation, result.channel())
            .setAllAttributes(of(result.metadata()))
            .setStartTimestamp(now.minus(result.took()))
            .startSpan();
    if (result.failure() != null) {
      String error = result.failure().code().name();
      span.setAttribute(ERROR, error).setStatus(StatusCode.ERROR).recordException(result.failure());
      measured.put(ERROR, error);
    }
    span.end(now);
    sent.add(1, measured.build());
    operations.record(seconds(result.took()), measured.put(OPERATION_TYPE, "send").build());
  }

  /** The span goes on until it is decided what becomes of the message. */
  @Override
  public CompletionStage<Outcome> incoming(Envelope<?> envelope, HandlerContext context, Next next)
      throws Exception {
    Source source = context.source();
    Context creation = propagator.extract(Context.root(), envelope.metadata(), HEADERS);
    Span span = process(creation, source, envelope.metadata(), context.attempt()).startSpan();
    Span replaced = open.put(new Attempt(source, context.brokerId(), context.attempt()), span);
    if (replaced != null) { // the same message, delivered twice at once
      replaced.end();
    }
    consumed.add(1, attributes("process", source.channel()).putAll(from(source)).build());
    Context handling = creation.with(span);
    propagator.inject(handling, context, HandlerContext::carry);
    Callable<CompletionStage<Outcome>> handler = handling.wrap(next::proceed);
    return handler.call();
  }

  @Override
  public void decided(AttemptResult result) {
    Source source = result.source();
    AttributesBuilder measured = attributes("process", source.channel()).putAll(from(source));
    if (result.failure() != null) {
      measured.put(ERROR, result.failure().getClass().getName());
    }
    Span span = open.remove(new Attempt(source, result.brokerId(), result.attempt()));
    if (span != null) {
      processing.record(seconds(result.took()), measured.build());
      end(span, result);
    } else if (isGivenUp(result.outcome())) {
      Context creation = propagator.extract(Context.root(), result.metadata(), HEADERS);
      Instant begun = Instant.now().minus(result.took());
      end(
          process(creation, source, result.metadata(), result.attempt())
              .setStartTimestamp(begun)
              .startSpan(),
          result);
    }
    attempts.add(1, measured.put(HANDLING, handling(result)).put(OUTCOME, outcome(result)).build());
  }

  private static void end(Span span, AttemptResult result) {
    span.setAttribute(HANDLING, handling(result)).setAttribute(OUTCOME, outcome(result));
    if (result.failure() != null) {
      span.setAttribute(ERROR, result.failure().getClass().getName())
          .recordException(result.failure());
    }
    if (result.failure() != null || result.outcome() instanceof Outcome.DeadLettered) {
      span.setStatus(StatusCode.ERROR);
    }
    span.end();
  }

  private static boolean isGivenUp(Outcome outcome) {
    return outcome instanceof Outcome.DeadLettered || outcome instanceof Outcome.Discarded;
  }

  private static String handling(AttemptResult result) {
    return result.handling().name().toLowerCase(Locale.ROOT);
  }

  private static String outcome(AttemptResult result) {
    return result.outcome().getClass().getSimpleName().toLowerCase(Locale.ROOT);
  }

  private SpanBuilder process(Context creation, Source source, Metadata metadata, int attempt) {
    return span("process", SpanKind.CONSUMER, creation, source.channel())
        .setAllAttributes(of(metadata))
        .setAllAttributes(from(source))
        .setAttribute(ATTEMPT, attempt);
  }

  private SpanBuilder span(String operation, SpanKind kind, Context parent, Channel channel) {
    SpanBuilder span =
        tracer
            .spanBuilder(operation + " " + nameOf(channel))
            .setSpanKind(kind)
            .setParent(parent)
            .setAllAttributes(
                attributes(operation, channel).put(OPERATION_TYPE, operation).build());
    return kind == SpanKind.PRODUCER
        ? span
        : span.addLink(Span.fromContext(parent).getSpanContext());
  }

  private AttributesBuilder attributes(String operation, Channel channel) {
    AttributesBuilder attributes =
        Attributes.builder().put(SYSTEM, system).put(OPERATION, operation);
    return channel instanceof ReplyQueue
        ? attributes.put(TEMPLATE, nameOf(channel)).put(TEMPORARY, true)
        : attributes.put(DESTINATION, nameOf(channel));
  }

  /** Each instance has a reply queue of its own, too many for a metric. */
  private static String nameOf(Channel channel) {
    return channel instanceof ReplyQueue replies
        ? "replies." + replies.requester()
        : channel.name();
  }

  private static Attributes from(Source source) {
    return source instanceof Subscription subscription
        ? Attributes.of(SUBSCRIPTION, subscription.subscriber())
        : Attributes.empty();
  }

  private static Attributes of(Metadata metadata) {
    AttributesBuilder message = Attributes.builder().put(MESSAGE_ID, metadata.id());
    if (metadata.correlationId() != null) {
      message.put(CONVERSATION, metadata.correlationId());
    }
    return message.build();
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }
}
