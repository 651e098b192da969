package dev.waybill.transport.kafka;

import dev.waybill.MessageBus;
import dev.waybill.testkit.ConnectionFaults;
import dev.waybill.testkit.FailoverContract;
import dev.waybill.testkit.TransportHarness;
import dev.waybill.testkit.broker.FaultProxy;
import dev.waybill.testkit.broker.KafkaTestBroker;
import dev.waybill.testkit.broker.ProxiedConnection;
import dev.waybill.transport.Transport;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * Consumer groups are of the newer protocol, whose client is another one. What needs a broker that
 * stops is in {@link KafkaNewerProtocolFailoverContractTest}.
 */
class KafkaNewerProtocolFaultContractTest extends FailoverContract implements TransportHarness {
  private static FaultProxy proxy;
  private static KafkaTestBroker broker;

  @BeforeAll
  static void start() {
    proxy = FaultProxy.open();
    broker = quickToNotice().alsoThrough(proxy).start();
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
    return "kafka-newer-protocol-faults";
  }

  @Override
  public Transport transport() {
    return newer("127.0.0.1:" + broker.port()).build();
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
  public boolean isBalanced(List<MessageBus> instances) {
    return instances.stream()
        .flatMap(bus -> bus.health().consumers().stream())
        .noneMatch(consumer -> consumer.owned().isEmpty());
  }

  @Override
  public ConnectionFaults connectionFaults() {
    return ProxiedConnection.through(proxy, newer("127.0.0.1:" + proxy.port()).build());
  }

  /** By the newer protocol it is the broker that says how soon a member is missed. */
  private static KafkaTestBroker.Builder quickToNotice() {
    return KafkaTestBroker.builder()
        .property("group.consumer.min.session.timeout.ms", "6000")
        .property("group.consumer.session.timeout.ms", "6000");
  }

  static KafkaTransport.Builder newer(String servers) {
    return KafkaTransport.builder()
        .bootstrapServers(servers)
        .property("group.protocol", "consumer");
  }
}
