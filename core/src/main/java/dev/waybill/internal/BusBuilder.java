package dev.waybill.internal;

import dev.waybill.ConsumerSpec;
import dev.waybill.DeadLetter;
import dev.waybill.Interceptor;
import dev.waybill.MessageBus;
import dev.waybill.Outbox;
import dev.waybill.routing.Routes;
import dev.waybill.serialization.Codec;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Collects what a bus is to be; {@link StartUpChecks} judges it, {@link RunningBus} runs it. */
final class BusBuilder implements MessageBus.Builder {
  final Transport transport;
  final List<ConsumerConfiguration> consumers = new ArrayList<>();
  final List<DeadLetterConsumer> deadLetterConsumers = new ArrayList<>();
  final List<Interceptor> interceptors = new ArrayList<>();
  final List<String> problems = new ArrayList<>();
  @Nullable Routes routes;
  @Nullable Codec codec;
  String name = "waybill";
  boolean isNamed;
  Topology.Mode mode = Topology.Mode.CREATE;
  Duration sendTimeout = DEFAULT_SEND_TIMEOUT;
  Duration connectTimeout = DEFAULT_CONNECT_TIMEOUT;
  Duration drainTimeout = DEFAULT_DRAIN_TIMEOUT;
  Clock clock = Clock.systemUTC();
  @Nullable ScheduledExecutorService timer;
  @Nullable String requester;
  @Nullable Outbox outbox;
  private boolean started;

  /** Who takes the dead letters of the source of a name. */
  record DeadLetterConsumer(String source, DeadLetter.Handler handler) {}

  BusBuilder(Transport transport) {
    this.transport = Objects.requireNonNull(transport, "transport");
  }

  @Override
  public MessageBus.Builder routes(Routes routes) {
    if (this.routes != null) {
      problems.add("routes(…) is called twice: put all routes into one Routes.define(…).");
    }
    this.routes = Objects.requireNonNull(routes, "routes");
    return this;
  }

  @Override
  public MessageBus.Builder named(String name) {
    this.name = Objects.requireNonNull(name, "name");
    this.isNamed = true;
    return this;
  }

  @Override
  public MessageBus.Builder consume(String queue, Consumer<ConsumerSpec> consumer) {
    return add(ConsumerConfiguration.ofQueue(queue), consumer);
  }

  @Override
  public MessageBus.Builder subscribe(
      String topic, String subscription, Consumer<ConsumerSpec> consumer) {
    return add(ConsumerConfiguration.ofSubscription(topic, subscription), consumer);
  }

  @Override
  public MessageBus.Builder consumeDeadLetters(String source, DeadLetter.Handler handler) {
    deadLetterConsumers.add(
        new DeadLetterConsumer(source, Objects.requireNonNull(handler, "handler")));
    return this;
  }

  @Override
  public MessageBus.Builder intercept(Interceptor interceptor) {
    interceptors.add(Objects.requireNonNull(interceptor, "interceptor"));
    return this;
  }

  @Override
  public MessageBus.Builder codec(Codec codec) {
    this.codec = Objects.requireNonNull(codec, "codec");
    return this;
  }

  @Override
  public MessageBus.Builder topology(Topology.Mode mode) {
    this.mode = Objects.requireNonNull(mode, "mode");
    return this;
  }

  @Override
  public MessageBus.Builder sendTimeout(Duration timeout) {
    this.sendTimeout = Objects.requireNonNull(timeout, "timeout");
    return this;
  }

  @Override
  public MessageBus.Builder connectTimeout(Duration timeout) {
    this.connectTimeout = Objects.requireNonNull(timeout, "timeout");
    return this;
  }

  @Override
  public MessageBus.Builder drainTimeout(Duration timeout) {
    this.drainTimeout = Objects.requireNonNull(timeout, "timeout");
    return this;
  }

  @Override
  public MessageBus.Builder clock(Clock clock) {
    this.clock = Objects.requireNonNull(clock, "clock");
    return this;
  }

  @Override
  public MessageBus.Builder timer(ScheduledExecutorService timer) {
    this.timer = Objects.requireNonNull(timer, "timer");
    return this;
  }

  @Override
  public MessageBus.Builder requests(String requester) {
    if (this.requester != null) {
      problems.add("requests(…) is called twice: a bus requests under one name.");
    }
    this.requester = Objects.requireNonNull(requester, "requester");
    return this;
  }

  @Override
  public MessageBus.Builder outbox(Outbox outbox) {
    if (this.outbox != null) {
      problems.add("outbox(…) is called twice: a bus sends from one outbox.");
    }
    this.outbox = Objects.requireNonNull(outbox, "outbox");
    return this;
  }

  @Override
  public Topology requiredTopology() {
    return StartUpChecks.check(this).topology();
  }

  @Override
  public MessageBus start() {
    if (started) {
      throw new IllegalStateException(
          "this builder has started its bus; make another with MessageBus.over(…)");
    }
    BusPlan plan = StartUpChecks.check(this);
    MessageBus bus =
        RunningBus.start(
            plan, timer == null ? Workers.timer("waybill-timer") : new BorrowedTimer(timer));
    started = true;
    return bus;
  }

  private MessageBus.Builder add(
      ConsumerConfiguration configuration, Consumer<ConsumerSpec> consumer) {
    consumer.accept(configuration);
    consumers.add(configuration);
    return this;
  }
}
