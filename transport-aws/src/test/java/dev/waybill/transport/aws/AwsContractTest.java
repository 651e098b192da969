package dev.waybill.transport.aws;

import dev.waybill.testkit.BrokerFaults;
import dev.waybill.testkit.ConnectionFaults;
import dev.waybill.testkit.TransportContract;
import dev.waybill.testkit.TransportHarness;
import dev.waybill.testkit.broker.ProxiedConnection;
import dev.waybill.testkit.broker.TestBroker;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Transport;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** On the emulator, and on a stub for the credentials, of which the emulator takes any. */
class AwsContractTest extends TransportContract {
  /** What a process that died had comes back after it, so it has to be shorter than patience. */
  private static final Duration LEASE = Duration.ofSeconds(6);

  private static StubAws refusing;

  private final TestBroker broker = TestBrokers.aws();

  @BeforeAll
  static void start() throws IOException {
    refusing = new StubAws().always("GetQueueUrl", 403, "InvalidClientTokenId");
    to(TestBrokers.aws().uri()).connect(Aws.LOADING).close(); // so that no case loads the SDK
  }

  @AfterAll
  static void stop() {
    refusing.close();
  }

  @Override
  protected TransportHarness harness() {
    return new TransportHarness() {
      @Override
      public Transport transport() {
        return to(broker.uri());
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
        return ProxiedConnection.to(broker, AwsContractTest::to);
      }

      @Override
      public @Nullable BrokerFaults brokerFaults() {
        return broker.faults();
      }

      @Override
      public Transport refusedTransport() {
        return to(refusing.uri());
      }
    };
  }

  private static Transport to(String uri) {
    return Aws.emulator(uri).visibilityTimeout(LEASE).build();
  }
}
