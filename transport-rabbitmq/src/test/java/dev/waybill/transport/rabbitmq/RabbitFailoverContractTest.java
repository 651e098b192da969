package dev.waybill.transport.rabbitmq;

import dev.waybill.testkit.BrokerFaults;
import dev.waybill.testkit.FailoverContract;
import dev.waybill.testkit.TransportHarness;
import dev.waybill.testkit.broker.RabbitTestCluster;
import dev.waybill.transport.Transport;
import java.time.Duration;

/** Quorum queues on three nodes, of which one is killed. */
class RabbitFailoverContractTest extends FailoverContract implements TransportHarness {
  private final RabbitTestCluster cluster = SharedCluster.get();

  @Override
  protected TransportHarness harness() {
    return this;
  }

  @Override
  protected String reportName() {
    return "rabbitmq-failover";
  }

  @Override
  public Transport transport() {
    return Transport.at(cluster.uri());
  }

  @Override
  public String broker() {
    return cluster.version();
  }

  @Override
  public Duration patience() {
    return Duration.ofSeconds(90);
  }

  @Override
  public BrokerFaults brokerFaults() {
    return cluster.faults();
  }
}
