package dev.waybill.transport.kafka.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.delivery.DeliveryGuarantee;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 2, unit = TimeUnit.HOURS)
class KafkaExactlyOnceChaosTest {
  @TempDir private Path folder;

  @Test
  void exactly_once_stores_what_a_handler_sends_once_and_in_the_order_of_each_key()
      throws Exception {
    ChaosRun.Result run = ChaosRun.of(DeliveryGuarantee.EXACTLY_ONCE, folder);
    run.nothingIsLostOrOutOfOrder();
    // A charge that was sent twice, because its confirmation was lost, is two charges.
    assertThat(run.findings().repeatedOutputs()).isLessThanOrEqualTo(run.unknown());
  }
}
