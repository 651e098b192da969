package dev.waybill.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.bench.Contender.Outlet;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class FixedRateTest {
  private static final int RATE = 1_000;
  private static final Duration STALL = Duration.ofMillis(100);

  @Test
  void whoever_stalls_is_charged_with_all_orders_that_should_have_been_sent_meanwhile() {
    FixedRate fixedRate =
        new FixedRate(new Size(10, 200, Duration.ofSeconds(30)), RATE, new Orders(10));
    List<Order> sent = new ArrayList<>();
    Outlet stallsOnce =
        Handover.calling(
            order -> {
              if (order.number() == 50) {
                long end = System.nanoTime() + STALL.toNanos();
                while (System.nanoTime() < end) {
                  Thread.onSpinWait();
                }
              }
              sent.add(order);
              fixedRate.handle(order);
            });

    Meter.Usage usage = fixedRate.send(stallsOnce);

    assertThat(usage.messages()).isEqualTo(200);
    assertThat(sent).hasSize(211);
    assertThat(fixedRate.latencies().getTotalCount()).isEqualTo(200);
    // the 50 orders after it are late by 100 ms and one less for each millisecond that they come
    // later
    assertThat(fixedRate.latencies().getValueAtPercentile(80))
        .isGreaterThan(TimeUnit.MILLISECONDS.toNanos(50));
  }
}
