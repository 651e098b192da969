package dev.waybill.internal;

import dev.waybill.routing.Channel;
import dev.waybill.routing.Source;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Sender;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;

/** A transport without a broker: keeps what is sent, and delivers what a test gives it. */
final class FakeTransport implements Transport {
  /** A message that was sent. */
  record Sent(Channel channel, WireMessage message, Duration deadline) {
    String id() {
      return message.id();
    }
  }

  final List<Sent> sent = new CopyOnWriteArrayList<>();
  final Map<String, FakeReceiver> receivers = new ConcurrentHashMap<>();

  /** Everything that was called on the connection, in order; for the order of closing. */
  final List<String> calls = new CopyOnWriteArrayList<>();

  volatile Function<Sent, CompletableFuture<String>> answer =
      message -> CompletableFuture.completedFuture("fake/" + message.id());
  final List<List<Sender.Addressed>> sentTogether = new CopyOnWriteArrayList<>();
  volatile Function<String, CompletableFuture<Boolean>> cancelAnswer =
      brokerId -> CompletableFuture.completedFuture(true);
  volatile List<String> checkProblems = List.of();
  volatile List<String> prepareProblems = List.of();
  volatile RuntimeException receiveFailure;
  volatile Topology topology;
  volatile boolean interruptedAtFlush;

  /** What holds for single sources, by their names. */
  final Map<String, Capabilities> ofSources = new ConcurrentHashMap<>();

  private final Capabilities unkeyed;
  private final Capabilities keyed;

  FakeTransport() {
    this(capabilities(), capabilities());
  }

  FakeTransport(Capabilities unkeyed, Capabilities keyed) {
    this.unkeyed = unkeyed;
    this.keyed = keyed;
  }

  /** Everything is emulated, without limits. */
  static Capabilities capabilities() {
    return capabilities(builder -> {}, Map.of());
  }

  /** Everything is emulated but what is {@code refused}, with its reason. */
  static Capabilities capabilities(
      Consumer<Capabilities.Builder> more, Map<Feature, String> refused) {
    return capabilities(more, refused, Map.of());
  }

  /** Everything is emulated but what is {@code native}, with its means. */
  static Capabilities natively(Feature feature, String means, Consumer<Capabilities.Builder> more) {
    return capabilities(more, Map.of(), Map.of(feature, means));
  }

  private static Capabilities capabilities(
      Consumer<Capabilities.Builder> more,
      Map<Feature, String> refused,
      Map<Feature, String> natively) {
    Capabilities.Builder builder = Capabilities.builder();
    for (Feature feature : Feature.values()) {
      if (refused.containsKey(feature)) {
        builder.refused(feature, refused.get(feature));
      } else if (natively.containsKey(feature)) {
        builder.natively(feature, natively.get(feature));
      } else {
        builder.emulated(feature, "by the fake");
      }
    }
    more.accept(builder);
    return builder.build();
  }

  /** Delivers to the consumer of a source. */
  FakeDelivery deliver(String source, FakeDelivery delivery) {
    receivers.get(source).listener.delivered(delivery);
    return delivery;
  }

  @Override
  public String name() {
    return "fake";
  }

  @Override
  public String address() {
    return "nowhere:1";
  }

  @Override
  public Capabilities capabilities(boolean keyed) {
    return keyed ? this.keyed : unkeyed;
  }

  @Override
  public Capabilities capabilities(Source source) {
    return ofSources.getOrDefault(source.name(), capabilities(source.keyed()));
  }

  @Override
  public List<String> check(Topology topology) {
    return checkProblems;
  }

  @Override
  public Map<String, String> nativeNames(Topology topology) {
    Map<String, String> names = new LinkedHashMap<>();
    topology.channels().forEach(channel -> names.put(channel.name(), "native-" + channel.name()));
    return names;
  }

  @Override
  public TransportConnection connect(Duration deadline) {
    calls.add("connect within " + deadline);
    return new FakeConnection();
  }

  private final class FakeConnection implements TransportConnection, Sender {
    @Override
    public List<String> prepare(Topology prepared, Topology.Mode mode) {
      calls.add("prepare " + mode);
      topology = prepared;
      return prepareProblems;
    }

    @Override
    public Sender sender() {
      return this;
    }

    @Override
    public CompletableFuture<String> send(Channel channel, WireMessage message, Duration deadline) {
      Sent one = new Sent(channel, message, deadline);
      sent.add(one);
      return answer.apply(one);
    }

    @Override
    public CompletableFuture<List<String>> sendTogether(
        List<Addressed> messages, Duration deadline) {
      sentTogether.add(messages);
      return answer
          .apply(new Sent(messages.get(0).channel(), messages.get(0).message(), deadline))
          .thenApply(first -> messages.stream().map(one -> "fake/" + one.message().id()).toList());
    }

    @Override
    public CompletableFuture<Boolean> cancel(Channel channel, String brokerId, Duration deadline) {
      calls.add("cancel " + brokerId + " in " + channel + " within " + deadline);
      return cancelAnswer.apply(brokerId);
    }

    @Override
    public boolean flush(Duration deadline) {
      calls.add("flush");
      interruptedAtFlush = Thread.currentThread().isInterrupted();
      return true;
    }

    @Override
    public Receiver receive(Source source, int maxUnsettled, Receiver.Listener listener) {
      if (receiveFailure != null) {
        throw receiveFailure;
      }
      FakeReceiver receiver = new FakeReceiver(source, maxUnsettled, listener);
      receivers.put(source.name(), receiver);
      return receiver;
    }

    @Override
    public Receiver receiveAtomically(Source source, int maxUnsettled, Receiver.Listener listener) {
      calls.add("receive atomically " + source.name());
      return receive(source, maxUnsettled, listener);
    }

    @Override
    public <T> Optional<T> unwrap(Class<T> nativeType) {
      return nativeType.isInstance(FakeTransport.this)
          ? Optional.of(nativeType.cast(FakeTransport.this))
          : Optional.empty();
    }

    @Override
    public String brokerVersion() {
      return "fake 1.0";
    }

    @Override
    public void close() {
      calls.add("close");
    }
  }

  /** A receiver that notes what is done to it. */
  final class FakeReceiver implements Receiver {
    final Source source;
    final int maxUnsettled;
    final Listener listener;
    Status status = Status.UNKNOWN;
    final List<String> states = new ArrayList<>();

    @Override
    public Status status() {
      return status;
    }

    private FakeReceiver(Source source, int maxUnsettled, Listener listener) {
      this.source = source;
      this.maxUnsettled = maxUnsettled;
      this.listener = listener;
    }

    @Override
    public void pause() {
      states.add("paused");
    }

    @Override
    public void resume() {
      states.add("resumed");
    }

    @Override
    public void stop() {
      calls.add("stop " + source.name());
    }

    @Override
    public void close() {
      calls.add("close " + source.name());
    }
  }
}
