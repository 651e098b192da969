package dev.waybill.transport.kafka.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.delivery.DeliveryGuarantee;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 2, unit = TimeUnit.HOURS)
class KafkaChaosTest {
  @TempDir private Path folder;

  @Test
  void at_least_once_loses_nothing_and_keeps_the_order_of_each_key() throws Exception {
    ChaosRun.Result run = ChaosRun.of(DeliveryGuarantee.AT_LEAST_ONCE, folder);
    run.nothingIsLostOrOutOfOrder();
    assertThat(run.findings().repeatedHandlings()).isLessThanOrEqualTo(run.mostRepeated());
    // Each output comes of a handling that was noted before it, and each handling sends one, which
    // an idempotent producer stores once. As none is lost or invented, there are as many different
    // ones of both.
    assertThat(run.findings().repeatedOutputs())
        .isLessThanOrEqualTo(run.findings().repeatedHandlings());
  }
}
