package dev.waybill.examples.killed;

import dev.waybill.testkit.broker.AwsTestBroker;
import dev.waybill.testkit.broker.KafkaTestBroker;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The same on each broker; only in the profile {@code chaos}. */
@Timeout(value = 2, unit = TimeUnit.HOURS)
class KilledHandlerChaosTest extends KilledHandlerTest {
  @Test
  void over_kafka() throws Exception {
    try (KafkaTestBroker broker = KafkaTestBroker.start()) {
      everyMessageHasItsEffectOnce(broker);
    }
  }

  @Test
  void over_sqs() throws Exception {
    try (AwsTestBroker broker = AwsTestBroker.start()) {
      everyMessageHasItsEffectOnce(broker);
    }
  }
}
