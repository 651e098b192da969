package dev.waybill.testkit;

import dev.waybill.transport.Transport;
import dev.waybill.transport.inmemory.Faults;
import dev.waybill.transport.inmemory.InMemoryBroker;
import dev.waybill.transport.inmemory.InMemoryTransport;
import dev.waybill.transport.inmemory.Profile;
import dev.waybill.transport.inmemory.VirtualClock;
import java.time.Duration;
import java.util.function.UnaryOperator;

/** A broker in virtual time, which is like another one if it is told so. */
final class InMemoryHarness implements TransportHarness {
  private final VirtualClock clock = VirtualClock.create();
  private final InMemoryBroker broker = InMemoryBroker.create(clock);
  private final Transport transport;
  private final Duration patience;

  InMemoryHarness(Profile profile) {
    this(profile, transport -> transport, Duration.ofSeconds(30));
  }

  /** A harness of a transport that something is done to. */
  InMemoryHarness(Profile profile, UnaryOperator<Transport> bend, Duration patience) {
    this(builder -> builder.profile(profile), bend, patience);
  }

  private InMemoryHarness(
      UnaryOperator<InMemoryTransport.Builder> settings,
      UnaryOperator<Transport> bend,
      Duration patience) {
    this.transport = bend.apply(settings.apply(InMemoryTransport.builder().broker(broker)).build());
    this.patience = patience;
  }

  static InMemoryHarness byReference() {
    return new InMemoryHarness(
        InMemoryTransport.Builder::byReference, transport -> transport, Duration.ofSeconds(30));
  }

  @Override
  public Duration patience() {
    return patience;
  }

  @Override
  public Transport transport() {
    return transport;
  }

  @Override
  public String broker() {
    return "the JVM";
  }

  @Override
  public VirtualClock clock() {
    return clock;
  }

  @Override
  public ConnectionFaults connectionFaults() {
    return new Network(transport, broker.faults());
  }

  @Override
  public BrokerFaults brokerFaults() {
    Faults faults = broker.faults();
    return new BrokerFaults() {
      @Override
      public void stop() {
        faults.stop();
      }

      @Override
      public void start() {
        faults.start();
      }
    };
  }

  @Override
  public Transport refusedTransport() {
    return InMemoryTransport.builder().broker(broker).refused().build();
  }

  private record Network(Transport transport, Faults faults) implements ConnectionFaults {
    @Override
    public void cut() {
      faults.dropConnections();
    }

    @Override
    public void hold() {
      faults.hold();
    }

    @Override
    public void holdAnswers() {
      faults.holdAnswers();
    }

    /** Of what is slow, only deliveries: the broker answers on the caller's thread. */
    @Override
    public void delay(Duration each) {
      faults.delayNext(Integer.MAX_VALUE, each);
    }

    @Override
    public void heal() {
      faults.heal();
    }

    @Override
    public void close() {
      faults.heal();
      faults.dropConnections();
    }
  }
}
