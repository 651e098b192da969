package dev.waybill.transport.rabbitmq;

import dev.waybill.testkit.BrokerFaults;
import dev.waybill.testkit.FailoverContract;
import dev.waybill.testkit.TransportHarness;
import dev.waybill.testkit.broker.RabbitTestCluster;
import dev.waybill.transport.Transport;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Quorum queues on three nodes, of which one is killed. */
class RabbitFailoverContractTest extends FailoverContract implements TransportHarness {
  private static RabbitTestCluster cluster;

  @BeforeAll
  static void start() {
    cluster = RabbitTestCluster.start();
  }

  @AfterAll
  static void end() {
    cluster.close();
  }

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
