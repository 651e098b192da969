package dev.waybill.transport.kafka;

import dev.waybill.testkit.TransportContract;
import dev.waybill.testkit.TransportHarness;
import dev.waybill.testkit.broker.KafkaTestBroker;
import dev.waybill.transport.Transport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class KafkaContractTest extends TransportContract {
  private static KafkaHarness harness;
  private static @Nullable KafkaTestBroker withLogin;

  @BeforeAll
  static void start() {
    harness =
        new KafkaHarness(KafkaTestBroker.builder(), KafkaContractTest::quickToNotice) {
          @Override
          public Transport refusedTransport() {
            return refused();
          }
        };
  }

  @AfterAll
  static void end() {
    harness.close();
    if (withLogin != null) {
      withLogin.close();
    }
  }

  @Override
  protected TransportHarness harness() {
    return harness;
  }

  private static Transport refused() {
    if (withLogin == null) {
      withLogin = KafkaTestBroker.builder().plainLogin("app", "right").start();
    }
    return KafkaTransport.builder()
        .bootstrapServers("127.0.0.1:" + withLogin.port())
        .property("security.protocol", "SASL_PLAINTEXT")
        .property("sasl.mechanism", "PLAIN")
        .property(
            "sasl.jaas.config",
            "org.apache.kafka.common.security.plain.PlainLoginModule required"
                + " username=\"app\" password=\"wrong\";")
        .build();
  }

  /** A group that misses a member after the least time that brokers allow. */
  static KafkaTransport.Builder quickToNotice(String servers) {
    return KafkaTransport.builder()
        .bootstrapServers(servers)
        .property("session.timeout.ms", "6000")
        .property("heartbeat.interval.ms", "1000");
  }
}
