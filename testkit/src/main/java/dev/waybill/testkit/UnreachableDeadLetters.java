package dev.waybill.testkit;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
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
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A transport whose dead-letter queues can't be reached for a while, which brokers do not do when
 * they are asked to; all else is the transport's own.
 */
final class UnreachableDeadLetters implements Transport {
  private final Transport transport;
  private final AtomicInteger refusals = new AtomicInteger();
  private volatile boolean reachable;

  UnreachableDeadLetters(Transport transport) {
    this.transport = transport;
  }

  /** Ends the failure. */
  void reachable() {
    reachable = true;
  }

  /** How often a dead letter was not taken. */
  int refusals() {
    return refusals.get();
  }

  @Override
  public String name() {
    return transport.name();
  }

  @Override
  public String address() {
    return transport.address();
  }

  @Override
  public Capabilities capabilities(boolean keyed) {
    return transport.capabilities(keyed);
  }

  @Override
  public List<String> check(Topology topology) {
    return transport.check(topology);
  }

  @Override
  public Map<String, String> nativeNames(Topology topology) {
    return transport.nativeNames(topology);
  }

  @Override
  public TransportConnection connect(Duration deadline) {
    return new Connection(transport.connect(deadline));
  }

  private CompletionStage<Settlement.Result> settle(Delivery delivery, Settlement settlement) {
    if (settlement instanceof Settlement.Reject && !reachable) {
      refusals.incrementAndGet();
      return CompletableFuture.failedFuture(
          new MessagingException(ErrorCode.BROKER_UNAVAILABLE, "the dead-letter queue is away"));
    }
    return delivery.settle(settlement);
  }

  private final class Connection implements TransportConnection {
    private final TransportConnection connection;

    Connection(TransportConnection connection) {
      this.connection = connection;
    }

    @Override
    public List<String> prepare(Topology topology, Topology.Mode mode) {
      return connection.prepare(topology, mode);
    }

    @Override
    public Sender sender() {
      return connection.sender();
    }

    @Override
    public Receiver receive(Source source, int maxUnsettled, Receiver.Listener listener) {
      return connection.receive(source, maxUnsettled, new Listening(listener));
    }

    @Override
    public Receiver receiveAtomically(Source source, int maxUnsettled, Receiver.Listener listener) {
      return connection.receiveAtomically(source, maxUnsettled, new Listening(listener));
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
      connection.close();
    }
  }

  private final class Listening implements Receiver.Listener {
    private final Receiver.Listener listener;

    Listening(Receiver.Listener listener) {
      this.listener = listener;
    }

    @Override
    public void delivered(Delivery delivery) {
      listener.delivered(new Kept(delivery));
    }

    @Override
    public void failed(MessagingException problem) {
      listener.failed(problem);
    }

    @Override
    public void recovered() {
      listener.recovered();
    }
  }

  private final class Kept implements Delivery {
    private final Delivery delivery;

    Kept(Delivery delivery) {
      this.delivery = delivery;
    }

    @Override
    public WireMessage message() {
      return delivery.message();
    }

    @Override
    public String brokerId() {
      return delivery.brokerId();
    }

    @Override
    public int attempt() {
      return delivery.attempt();
    }

    @Override
    public boolean isOwned() {
      return delivery.isOwned();
    }

    @Override
    public CompletionStage<Settlement.Result> settle(Settlement settlement) {
      return UnreachableDeadLetters.this.settle(delivery, settlement);
    }

    @Override
    public CompletionStage<Settlement.Result> settleTogether(
        Settlement settlement, List<Sender.Addressed> messages) {
      return settlement instanceof Settlement.Reject
          ? UnreachableDeadLetters.this.settle(delivery, settlement)
          : delivery.settleTogether(settlement, messages);
    }

    @Override
    public void renewLease() {
      delivery.renewLease();
    }
  }
}
