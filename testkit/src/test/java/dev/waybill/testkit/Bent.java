package dev.waybill.testkit;

import dev.waybill.error.MessagingException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Source;
import dev.waybill.transport.Capabilities;
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
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * A transport that passes everything on to a good one. A mutant overrides the one thing that it
 * does wrong.
 */
class Bent implements Transport {
  private final Transport right;

  Bent(Transport right) {
    this.right = right;
  }

  // What a mutant may do wrong.

  CompletableFuture<String> send(
      Sender sender, Channel channel, WireMessage message, Duration deadline) {
    return sender.send(channel, message, deadline);
  }

  CompletableFuture<List<String>> sendTogether(
      Sender sender, List<Sender.Addressed> messages, Duration deadline) {
    return sender.sendTogether(messages, deadline);
  }

  CompletableFuture<Boolean> cancel(
      Sender sender, Channel channel, String brokerId, Duration deadline) {
    return sender.cancel(channel, brokerId, deadline);
  }

  List<String> prepare(TransportConnection connection, Topology topology, Topology.Mode mode) {
    return connection.prepare(topology, mode);
  }

  Receiver receive(
      TransportConnection connection, Source source, int credit, Receiver.Listener listener) {
    return connection.receive(source, credit, listener);
  }

  void delivered(Receiver.Listener listener, BentDelivery delivery) {
    listener.delivered(delivery);
  }

  void failed(Receiver.Listener listener, MessagingException problem) {
    listener.failed(problem);
  }

  WireMessage read(WireMessage message) {
    return message;
  }

  int attempt(int counted) {
    return counted;
  }

  boolean owned(boolean owned) {
    return owned;
  }

  CompletionStage<Settlement.Result> settle(BentDelivery delivery, Settlement settlement) {
    return delivery.right.settle(settlement);
  }

  CompletionStage<Settlement.Result> settleTogether(
      BentDelivery delivery, Settlement settlement, List<Sender.Addressed> messages) {
    return delivery.right.settleTogether(settlement, messages);
  }

  void renewLease(Delivery delivery) {
    delivery.renewLease();
  }

  void pause(Receiver receiver) {
    receiver.pause();
  }

  void stop(Receiver receiver) {
    receiver.stop();
  }

  void close(TransportConnection connection) {
    connection.close();
  }

  // The rest is as it should be.

  @Override
  public String name() {
    return right.name();
  }

  @Override
  public String address() {
    return right.address();
  }

  @Override
  public Capabilities capabilities(boolean keyed) {
    return right.capabilities(keyed);
  }

  @Override
  public List<String> check(Topology topology) {
    return right.check(topology);
  }

  @Override
  public Map<String, String> nativeNames(Topology topology) {
    return right.nativeNames(topology);
  }

  @Override
  public TransportConnection connect(Duration deadline) {
    return new Connection(right.connect(deadline));
  }

  private final class Connection implements TransportConnection, Sender {
    private final TransportConnection connection;

    Connection(TransportConnection connection) {
      this.connection = connection;
    }

    @Override
    public List<String> prepare(Topology topology, Topology.Mode mode) {
      return Bent.this.prepare(connection, topology, mode);
    }

    @Override
    public Sender sender() {
      return this;
    }

    @Override
    public CompletableFuture<String> send(Channel channel, WireMessage message, Duration deadline) {
      return Bent.this.send(connection.sender(), channel, message, deadline);
    }

    @Override
    public CompletableFuture<List<String>> sendTogether(
        List<Addressed> messages, Duration deadline) {
      return Bent.this.sendTogether(connection.sender(), messages, deadline);
    }

    @Override
    public CompletableFuture<Boolean> cancel(Channel channel, String brokerId, Duration deadline) {
      return Bent.this.cancel(connection.sender(), channel, brokerId, deadline);
    }

    @Override
    public boolean flush(Duration deadline) {
      return connection.sender().flush(deadline);
    }

    @Override
    public Receiver receive(Source source, int maxUnsettled, Receiver.Listener listener) {
      return new BentReceiver(
          Bent.this.receive(connection, source, maxUnsettled, new Listener(listener, this)));
    }

    @Override
    public Receiver receiveAtomically(Source source, int maxUnsettled, Receiver.Listener listener) {
      return new BentReceiver(
          connection.receiveAtomically(source, maxUnsettled, new Listener(listener, this)));
    }

    @Override
    public <T> Optional<T> unwrap(Class<T> nativeType) {
      return connection.unwrap(nativeType);
    }

    @Override
    public String brokerVersion() {
      return connection.brokerVersion();
    }

    @Override
    public void close() {
      Bent.this.close(connection);
    }
  }

  private final class BentReceiver implements Receiver {
    private final Receiver receiver;

    BentReceiver(Receiver receiver) {
      this.receiver = receiver;
    }

    @Override
    public void pause() {
      Bent.this.pause(receiver);
    }

    @Override
    public void resume() {
      receiver.resume();
    }

    @Override
    public void stop() {
      Bent.this.stop(receiver);
    }

    @Override
    public void close() {
      receiver.close();
    }
  }

  private final class Listener implements Receiver.Listener {
    private final Receiver.Listener listener;
    private final Sender sender;

    Listener(Receiver.Listener listener, Sender sender) {
      this.listener = listener;
      this.sender = sender;
    }

    @Override
    public void delivered(Delivery delivery) {
      Bent.this.delivered(listener, new BentDelivery(Bent.this, delivery, this, sender));
    }

    @Override
    public void failed(MessagingException problem) {
      Bent.this.failed(listener, problem);
    }

    @Override
    public void recovered() {
      listener.recovered();
    }
  }

  /** A delivery of a bent transport. */
  static final class BentDelivery implements Delivery {
    final Delivery right;

    /** The same for all deliveries of one receiver. */
    final Object receiver;

    /** Of the same connection. */
    final Sender sender;

    private final Bent transport;
    private final WireMessage message;

    BentDelivery(Bent transport, Delivery right, Object receiver, Sender sender) {
      this.sender = sender;
      this.transport = transport;
      this.right = right;
      this.receiver = receiver;
      this.message = transport.read(right.message());
    }

    @Override
    public WireMessage message() {
      return message;
    }

    @Override
    public String brokerId() {
      return right.brokerId();
    }

    @Override
    public int attempt() {
      return transport.attempt(right.attempt());
    }

    @Override
    public boolean isOwned() {
      return transport.owned(right.isOwned());
    }

    @Override
    public CompletionStage<Settlement.Result> settle(Settlement settlement) {
      return transport.settle(this, settlement);
    }

    @Override
    public CompletionStage<Settlement.Result> settleTogether(
        Settlement settlement, List<Sender.Addressed> messages) {
      return transport.settleTogether(this, settlement, messages);
    }

    @Override
    public void renewLease() {
      transport.renewLease(right);
    }
  }
}
