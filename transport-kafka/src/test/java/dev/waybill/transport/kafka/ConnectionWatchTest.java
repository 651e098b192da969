package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.transport.kafka.ConnectionWatch.Health;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.DoubleSupplier;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class ConnectionWatchTest {
  private static final TopicPartition PARTITION = new TopicPartition("t", 0);

  private final AtomicInteger looks = new AtomicInteger();
  private volatile double fetches;

  /** A member, of which something is received between any two looks. */
  private final MockConsumer<byte[], byte[]> consumer =
      new MockConsumer<>("earliest") {
        @Override
        public synchronized Map<MetricName, ? extends Metric> metrics() {
          return inTouch(looks, () -> fetches);
        }
      };

  @Test
  void a_member_that_has_partitions_is_in_touch_when_a_fetch_was_answered() {
    consumer.subscribe(List.of("t"));
    consumer.rebalance(List.of(PARTITION));
    ConnectionWatch watch = ConnectionWatch.inGroup(consumer, () -> false, Duration.ofMinutes(5));
    Set<Health> seen = EnumSet.noneOf(Health.class);

    await()
        .atMost(Inbox.LONG_ENOUGH)
        .until(
            () -> {
              seen.add(watch.look());
              return looks.get() == 4;
            });
    assertThat(seen).containsExactly(Health.UNKNOWN);

    fetches = 1;
    await().atMost(Inbox.LONG_ENOUGH).until(() -> watch.look() == Health.GOOD);
  }

  @Test
  void a_member_that_fetches_nothing_is_in_touch_when_it_has_joined() {
    consumer.subscribe(List.of("t"));
    consumer.rebalance(List.of(PARTITION));
    consumer.pause(List.of(PARTITION));
    ConnectionWatch watch = ConnectionWatch.inGroup(consumer, () -> false, Duration.ofMinutes(5));

    await().atMost(Inbox.LONG_ENOUGH).until(() -> watch.look() == Health.GOOD);
  }

  /** Of a consumer of which something is received between any two looks. */
  static Map<MetricName, ? extends Metric> inTouch(AtomicInteger looks, DoubleSupplier fetches) {
    return Map.ofEntries(
        metric("consumer-metrics", "connection-count", () -> 1),
        metric("consumer-metrics", "incoming-byte-total", looks::incrementAndGet),
        metric("consumer-fetch-manager-metrics", "fetch-total", fetches));
  }

  private static Map.Entry<MetricName, Metric> metric(
      String group, String name, DoubleSupplier value) {
    MetricName metric = new MetricName(name, group, "", Map.of());
    return Map.entry(
        metric,
        new Metric() {
          @Override
          public MetricName metricName() {
            return metric;
          }

          @Override
          public Object metricValue() {
            return value.getAsDouble();
          }
        });
  }
}
