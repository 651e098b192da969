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
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * For each version of the SDK, on the emulator, and on a stub for the credentials, of which the
 * emulator takes any. Its cases run side by side, see {@code junit-platform.properties}.
 */
@Execution(ExecutionMode.CONCURRENT)
abstract class AwsContract extends TransportContract {
  /**
   * What a process that died had comes back after it, so it has to be shorter than patience; and so
   * long that a busy machine has the time to renew it.
   */
  private static final Duration LEASE = Duration.ofSeconds(12);

  private static final Duration SHORT_LEASE = Duration.ofSeconds(9);

  private static StubAws refusing;

  private final AwsSdk sdk;

  private final TestBroker broker = TestBrokers.aws();

  AwsContract(AwsSdk sdk) {
    this.sdk = sdk;
  }

  @BeforeAll
  static void start() throws IOException {
    refusing = new StubAws().always("GetQueueUrl", 403, "InvalidClientTokenId");
    for (AwsSdk sdk : AwsSdk.values()) { // so that no case loads it
      Aws.emulator(TestBrokers.aws().uri()).sdk(sdk).build().connect(Aws.LOADING).close();
    }
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
      public Transport shortLease() {
        return to(broker.uri(), SHORT_LEASE);
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
        return ProxiedConnection.to(broker, AwsContract.this::to);
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

  private Transport to(String uri) {
    return to(uri, LEASE);
  }

  private Transport to(String uri, Duration lease) {
    return Aws.emulator(uri).sdk(sdk).visibilityTimeout(lease).build();
  }
}
