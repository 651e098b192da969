package dev.waybill.transport.inmemory;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Sender;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One bus's use of an {@link InMemoryBroker}. Thread-safe. */
final class MemoryConnection implements TransportConnection {
  private final InMemoryBroker broker;
  private final InMemoryTransport transport;
  private final MemorySender sender;
  private final List<MemoryReceiver> receivers = new ArrayList<>();
  private @Nullable ReplyQueue replies;
  private boolean closed;

  /** A connection of a transport to its broker. */
  MemoryConnection(InMemoryTransport transport) {
    this.broker = transport.broker();
    this.transport = transport;
    this.sender = new MemorySender(transport);
  }

  @Override
  public List<String> prepare(Topology topology, Topology.Mode mode) {
    synchronized (receivers) {
      requireOpen();
      broker.faults().requireAnswer();
      replies = topology.replies();
      if (replies != null) {
        broker.makeQueue(replies);
      }
    }
    return mode == Topology.Mode.ASSUME
        ? List.of()
        : new TopologyPreparation(broker, mode == Topology.Mode.CREATE).problems(topology);
  }

  @Override
  public Sender sender() {
    return sender;
  }

  @Override
  public Receiver receive(Source source, int maxUnsettled, Receiver.Listener listener) {
    MemoryReceiver receiver =
        new MemoryReceiver(
            broker, sender, source, maxUnsettled, transport.conduct(source.keyed()), listener);
    synchronized (receivers) {
      requireOpen();
      receivers.removeIf(MemoryReceiver::isClosed);
      receivers.add(receiver);
      receiver.start();
    }
    return receiver;
  }

  /** The same: every delivery can be settled together with messages. */
  @Override
  public Receiver receiveAtomically(Source source, int maxUnsettled, Receiver.Listener listener) {
    return receive(source, maxUnsettled, listener);
  }

  @Override
  public <T> Optional<T> unwrap(Class<T> nativeType) {
    return nativeType.isInstance(broker) ? Optional.of(nativeType.cast(broker)) : Optional.empty();
  }

  @Override
  public String brokerVersion() {
    String version = InMemoryBroker.class.getPackage().getImplementationVersion();
    return "Waybill in-memory broker" + (version == null ? "" : " " + version);
  }

  @Override
  public void close() {
    List<MemoryReceiver> open;
    synchronized (receivers) {
      closed = true;
      open = List.copyOf(receivers);
      receivers.clear();
      if (replies != null) {
        broker.remove(replies);
      }
    }
    sender.close();
    open.forEach(MemoryReceiver::close);
  }

  private void requireOpen() {
    if (closed) {
      throw new MessagingException(
          ErrorCode.CLOSED, "The connection to the in-memory broker is closed.");
    }
  }
}
