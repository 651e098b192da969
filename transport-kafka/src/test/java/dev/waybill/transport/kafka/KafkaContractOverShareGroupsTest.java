package dev.waybill.transport.kafka;

import dev.waybill.MessageBus;
import dev.waybill.testkit.TransportContract;
import dev.waybill.testkit.TransportHarness;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Everything without keys is read with share groups; what has keys, with consumer groups. */
class KafkaContractOverShareGroupsTest extends TransportContract {
  private static KafkaHarness harness;

  @BeforeAll
  static void start() {
    harness =
        new KafkaHarness(ShareBrokers.quick(), KafkaContractOverShareGroupsTest::shared) {
          /** There is one partition, which one instance has. */
          @Override
          public boolean isBalanced(List<MessageBus> instances) {
            return true;
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
    return "kafka-share";
  }

  private static KafkaTransport.Builder shared(String servers) {
    return KafkaContractTest.quickToNotice(servers)
        .shareGroups()
        .partitions(1)
        .recordLock(Duration.ofSeconds(10));
  }
}
