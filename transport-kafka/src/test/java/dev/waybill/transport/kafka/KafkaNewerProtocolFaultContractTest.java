package dev.waybill.transport.kafka;

import dev.waybill.testkit.BrokerFaults;
import dev.waybill.testkit.FailoverContract;
import dev.waybill.testkit.TransportHarness;
import dev.waybill.testkit.broker.KafkaTestBroker;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * Consumer groups are of the newer protocol, whose client is another one. What needs a broker that
 * stops is in {@link KafkaNewerProtocolFailoverContractTest}.
 */
class KafkaNewerProtocolFaultContractTest extends FailoverContract {
  private static KafkaHarness harness;

  @BeforeAll
  static void start() {
    harness =
        new KafkaHarness(quickToNotice(), KafkaNewerProtocolFaultContractTest::newer) {
          @Override
          public @Nullable BrokerFaults brokerFaults() {
            return null;
          }
        };
  }

  @AfterAll
  static void end() {
    harness.close();
  }

  @Override
  protected TransportHarness harness() {
    return harness;
  }

  @Override
  protected String reportName() {
    return "kafka-newer-protocol-faults";
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
