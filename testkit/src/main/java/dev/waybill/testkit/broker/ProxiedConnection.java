package dev.waybill.testkit.broker;

import dev.waybill.testkit.ConnectionFaults;
import dev.waybill.transport.Transport;
import java.time.Duration;
import java.util.function.Function;

/** A way to a broker through a {@link FaultProxy}, which the contract suite disturbs. */
public final class ProxiedConnection implements ConnectionFaults {

  private final FaultProxy proxy;
  private final Transport transport;

  private ProxiedConnection(FaultProxy proxy, Transport transport) {
    this.proxy = proxy;
    this.transport = transport;
  }

  /**
   * Through a proxy of its own, to a broker whose clients stay with the address that they are
   * given.
   *
   * @param broker the broker
   * @param transport makes the transport for an address
   * @return the way, which is open
   */
  public static ProxiedConnection to(TestBroker broker, Function<String, Transport> transport) {
    FaultProxy proxy = FaultProxy.open().forwardTo(broker.port());
    return new ProxiedConnection(proxy, transport.apply(proxy.through(broker.uri())));
  }

  /**
   * Through the proxy that a broker sends its clients to, for as long as it lives: one that was
   * closed with an earlier connection is opened again.
   *
   * @param proxy the proxy
   * @param transport a transport whose connections go through it
   * @return the way, which is open
   */
  public static ProxiedConnection through(FaultProxy proxy, Transport transport) {
    proxy.heal();
    return new ProxiedConnection(proxy, transport);
  }

  @Override
  public Transport transport() {
    return transport;
  }

  @Override
  public void cut() {
    proxy.reset();
  }

  @Override
  public void hold() {
    proxy.hold();
  }

  @Override
  public void holdAnswers() {
    proxy.hold(FaultProxy.Direction.TO_CLIENT);
  }

  @Override
  public void delay(Duration each) {
    proxy.delay(each);
  }

  @Override
  public void heal() {
    proxy.heal();
  }

  @Override
  public void close() {
    proxy.close();
  }
}
