package dev.waybill.transport.kafka;

import dev.waybill.MessageBus;
import dev.waybill.testkit.BrokerFaults;
import dev.waybill.testkit.ConnectionFaults;
import dev.waybill.testkit.TransportHarness;
import dev.waybill.testkit.broker.FaultProxy;
import dev.waybill.testkit.broker.KafkaTestBroker;
import dev.waybill.testkit.broker.ProxiedConnection;
import dev.waybill.transport.Transport;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A Kafka of one node for a suite, with a proxy before it. */
class KafkaHarness implements TransportHarness, AutoCloseable {
  private final FaultProxy proxy = FaultProxy.open();
  private final KafkaTestBroker broker;
  private final Function<String, KafkaTransport.Builder> transports;

  /**
   * A broker, started.
   *
   * @param transports makes a transport to an address
   */
  KafkaHarness(
      KafkaTestBroker.Builder broker, Function<String, KafkaTransport.Builder> transports) {
    this.broker = broker.alsoThrough(proxy).start();
    this.transports = transports;
  }

  @Override
  public Transport transport() {
    return to(broker.port());
  }

  @Override
  public String broker() {
    return broker.version();
  }

  @Override
  public Duration patience() {
    return Duration.ofSeconds(60);
  }

  /** There are more partitions than instances, so that each has one in the end. */
  @Override
  public boolean isBalanced(List<MessageBus> instances) {
    return instances.stream()
        .flatMap(bus -> bus.health().consumers().stream())
        .noneMatch(consumer -> consumer.owned().isEmpty());
  }

  @Override
  public ConnectionFaults connectionFaults() {
    return ProxiedConnection.through(proxy, to(proxy.port()));
  }

  @Override
  public @Nullable BrokerFaults brokerFaults() {
    return broker.faults();
  }

  @Override
  public void close() {
    broker.close();
    proxy.close();
  }

  private Transport to(int port) {
    return transports.apply("127.0.0.1:" + port).build();
  }
}
