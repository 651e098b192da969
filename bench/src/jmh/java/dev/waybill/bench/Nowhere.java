package dev.waybill.bench;

import dev.waybill.routing.Channel;
import dev.waybill.routing.Source;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Sender;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;

/** A transport that costs nothing: it confirms at once, and delivers what it is given. */
final class Nowhere implements Transport, TransportConnection, Sender, Receiver {
  private static final CompletableFuture<String> CONFIRMED =
      CompletableFuture.completedFuture("nowhere");

  private volatile WireMessage last;
  private volatile Listener listener;

  /** Sends an order by a bus; returns what left. */
  WireMessage last() {
    return last;
  }

  /** Hands messages over, and waits until all of them are settled. */
  void deliver(List<WireMessage> messages) throws InterruptedException {
    CountDownLatch settled = new CountDownLatch(messages.size());
    listener.delivered(messages.stream().map(message -> new One(message, settled)).toList());
    settled.await();
  }

  private record One(WireMessage message, CountDownLatch settled) implements Delivery {
    @Override
    public String brokerId() {
      return "nowhere";
    }

    @Override
    public boolean isOwned() {
      return true;
    }

    @Override
    public CompletionStage<Settlement.Result> settle(Settlement settlement) {
      settled.countDown();
      return CompletableFuture.completedFuture(Settlement.Result.SETTLED);
    }
  }

  @Override
  public String name() {
    return "nowhere";
  }

  @Override
  public String address() {
    return "nowhere:";
  }

  @Override
  public Capabilities capabilities(boolean keyed) {
    Capabilities.Builder all = Capabilities.builder();
    for (Feature feature : Feature.values()) {
      all.emulated(feature, "by nothing");
    }
    return all.build();
  }

  @Override
  public TransportConnection connect(Duration deadline) {
    return this;
  }

  @Override
  public List<String> prepare(Topology topology, Topology.Mode mode) {
    return List.of();
  }

  @Override
  public Sender sender() {
    return this;
  }

  @Override
  public CompletableFuture<String> send(Channel channel, WireMessage message, Duration deadline) {
    last = message;
    return CONFIRMED;
  }

  @Override
  public boolean flush(Duration deadline) {
    return true;
  }

  @Override
  public Receiver receive(Source source, int maxUnsettled, Listener given) {
    listener = given;
    return this;
  }

  @Override
  public void pause() {}

  @Override
  public void resume() {}

  @Override
  public void stop() {}

  @Override
  public void close() {}
}
