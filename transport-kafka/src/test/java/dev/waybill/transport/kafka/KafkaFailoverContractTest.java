package dev.waybill.transport.kafka;

import dev.waybill.testkit.BrokerFaults;
import dev.waybill.testkit.FailoverContract;
import dev.waybill.testkit.TransportHarness;
import dev.waybill.testkit.broker.KafkaTestCluster;
import dev.waybill.transport.Transport;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class KafkaFailoverContractTest extends FailoverContract implements TransportHarness {
  private static KafkaTestCluster cluster;

  @BeforeAll
  static void start() {
    cluster = KafkaTestCluster.start();
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
    return "kafka-failover";
  }

  @Override
  public Transport transport() {
    String servers = cluster.uri().substring("kafka://".length());
    return builder(servers).build();
  }

  KafkaTransport.Builder builder(String servers) {
    return KafkaContractTest.quickToNotice(servers);
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
