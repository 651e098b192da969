package dev.waybill.transport.kafka;

import dev.waybill.testkit.BrokerFaults;
import dev.waybill.testkit.ConnectionFaults;
import dev.waybill.testkit.TransportContract;
import dev.waybill.testkit.TransportHarness;
import dev.waybill.testkit.broker.FaultProxy;
import dev.waybill.testkit.broker.KafkaTestBroker;
import dev.waybill.testkit.broker.ProxiedConnection;
import dev.waybill.transport.Transport;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Everything without keys is read with share groups; what has keys, with consumer groups. */
class KafkaContractOverShareGroupsTest extends TransportContract implements TransportHarness {
  private static FaultProxy proxy;
  private static KafkaTestBroker broker;

  @BeforeAll
  static void start() {
    proxy = FaultProxy.open();
    broker = ShareBrokers.quick().alsoThrough(proxy).start();
  }

  @AfterAll
  static void end() {
    broker.close();
    proxy.close();
  }

  @Override
  protected TransportHarness harness() {
    return this;
  }

  @Override
  protected String reportName() {
    return "kafka-share";
  }

  @Override
  public Transport transport() {
    return shared(broker.port()).build();
  }

  @Override
  public String broker() {
    return broker.version();
  }

  @Override
  public Duration patience() {
    return Duration.ofSeconds(60);
  }

  @Override
  public ConnectionFaults connectionFaults() {
    return ProxiedConnection.through(proxy, shared(proxy.port()).build());
  }

  @Override
  public @Nullable BrokerFaults brokerFaults() {
    return broker.faults();
  }

  private static KafkaTransport.Builder shared(int port) {
    return KafkaContractTest.quickToNotice("127.0.0.1:" + port)
        .shareGroups()
        .partitions(1)
        .recordLock(Duration.ofSeconds(5));
  }
}
