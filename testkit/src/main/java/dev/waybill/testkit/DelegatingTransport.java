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
import org.jspecify.annotations.Nullable;

/**
 * A transport that passes everything on to another one, for those that do one thing differently.
 */
class DelegatingTransport implements Transport {
  private final Transport delegate;

  DelegatingTransport(Transport delegate) {
    this.delegate = delegate;
  }

  // What may be done differently.

  CompletableFuture<String> send(
      Sender sender, Channel channel, WireMessage message, Duration deadline) {
    return sender.send(channel, message, deadline);
  }

  CompletableFuture<String> sendTo(
      Sender sender, Source source, WireMessage message, Duration deadline) {
    return sender.sendTo(source, message, deadline);
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

  void delivered(Receiver.Listener listener, DelegatingDelivery delivery) {
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

  CompletionStage<Settlement.Result> settle(DelegatingDelivery delivery, Settlement settlement) {
    return delivery.delegate.settle(settlement);
  }

  CompletionStage<Settlement.Result> settleTogether(
      DelegatingDelivery delivery, Settlement settlement, List<Sender.Addressed> messages) {
    return delivery.delegate.settleTogether(settlement, messages);
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

  // The rest.

  @Override
  public String name() {
    return delegate.name();
  }

  @Override
  public String address() {
    return delegate.address();
  }

  @Override
  public Capabilities capabilities(boolean keyed) {
    return delegate.capabilities(keyed);
  }

  @Override
  public Capabilities capabilities(Source source) {
    return delegate.capabilities(source);
  }

  @Override
  public boolean passesReferences() {
    return delegate.passesReferences();
  }

  @Override
  public List<String> check(Topology topology) {
    return delegate.check(topology);
  }

  @Override
  public Map<String, String> nativeNames(Topology topology) {
    return delegate.nativeNames(topology);
  }

  @Override
  public TransportConnection connect(Duration deadline) {
    return new Connection(delegate.connect(deadline));
  }

  private final class Connection implements TransportConnection, Sender {
    private final TransportConnection connection;

    Connection(TransportConnection connection) {
      this.connection = connection;
    }

    @Override
    public List<String> prepare(Topology topology, Topology.Mode mode) {
      return DelegatingTransport.this.prepare(connection, topology, mode);
    }

    @Override
    public Sender sender() {
      return this;
    }

    @Override
    public CompletableFuture<String> send(Channel channel, WireMessage message, Duration deadline) {
      return DelegatingTransport.this.send(connection.sender(), channel, message, deadline);
    }

    @Override
    public CompletableFuture<String> sendTo(Source source, WireMessage message, Duration deadline) {
      return DelegatingTransport.this.sendTo(connection.sender(), source, message, deadline);
    }

    @Override
    public CompletableFuture<List<String>> sendTogether(
        List<Addressed> messages, Duration deadline) {
      return DelegatingTransport.this.sendTogether(connection.sender(), messages, deadline);
    }

    @Override
    public CompletableFuture<Boolean> cancel(Channel channel, String brokerId, Duration deadline) {
      return DelegatingTransport.this.cancel(connection.sender(), channel, brokerId, deadline);
    }

    @Override
    public boolean flush(Duration deadline) {
      return connection.sender().flush(deadline);
    }

    @Override
    public Receiver receive(Source source, int maxUnsettled, Receiver.Listener listener) {
      return new DelegatingReceiver(
          DelegatingTransport.this.receive(
              connection, source, maxUnsettled, new Listener(listener, this)));
    }

    @Override
    public Receiver receiveAtomically(Source source, int maxUnsettled, Receiver.Listener listener) {
      return new DelegatingReceiver(
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
      DelegatingTransport.this.close(connection);
    }
  }

  private final class DelegatingReceiver implements Receiver {
    private final Receiver receiver;

    DelegatingReceiver(Receiver receiver) {
      this.receiver = receiver;
    }

    @Override
    public Status status() {
      return receiver.status();
    }

    @Override
    public void pause() {
      DelegatingTransport.this.pause(receiver);
    }

    @Override
    public void resume() {
      receiver.resume();
    }

    @Override
    public void stop() {
      DelegatingTransport.this.stop(receiver);
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
      DelegatingTransport.this.delivered(
          listener, new DelegatingDelivery(DelegatingTransport.this, delivery, this, sender));
    }

    @Override
    public void failed(MessagingException problem) {
      DelegatingTransport.this.failed(listener, problem);
    }

    @Override
    public void recovered() {
      listener.recovered();
    }

    @Override
    public void lost(MessagingException loss) {
      listener.lost(loss);
    }

    @Override
    public void forgotten(MessagingException problem) {
      listener.forgotten(problem);
    }
  }

  /** A delivery of the other transport, passed on. */
  static final class DelegatingDelivery implements Delivery {
    final Delivery delegate;

    /** The same for all deliveries of one receiver. */
    final Object receiver;

    /** Of the same connection. */
    final Sender sender;

    private final DelegatingTransport transport;
    private final WireMessage message;

    DelegatingDelivery(
        DelegatingTransport transport, Delivery delegate, Object receiver, Sender sender) {
      this.sender = sender;
      this.transport = transport;
      this.delegate = delegate;
      this.receiver = receiver;
      this.message = transport.read(delegate.message());
    }

    @Override
    public WireMessage message() {
      return message;
    }

    @Override
    public String brokerId() {
      return delegate.brokerId();
    }

    @Override
    public int attempt() {
      return transport.attempt(delegate.attempt());
    }

    @Override
    public @Nullable MessagingException readFailure() {
      return delegate.readFailure();
    }

    @Override
    public boolean isLastAllowed() {
      return delegate.isLastAllowed();
    }

    @Override
    public boolean isOwned() {
      return transport.owned(delegate.isOwned());
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
      transport.renewLease(delegate);
    }
  }
}
