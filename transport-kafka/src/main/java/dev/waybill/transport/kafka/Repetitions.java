package dev.waybill.transport.kafka;

import java.util.Map;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether a producer may have sent a record more than once by itself. Reads the count that
 * Kafka's producer keeps, when a send has failed only: a send that succeeds costs nothing.
 * Thread-safe.
 */
final class Repetitions {
  private final @Nullable Metric total;
  private double known;
  private long since = System.nanoTime();

  /** Of a producer that was made just now. */
  Repetitions(Producer<byte[], byte[]> producer) {
    this.total = total(producer.metrics());
    this.known = value();
  }

  /** Whether there was certainly none since a point in time of {@link System#nanoTime}. */
  synchronized boolean noneSince(long nanoTime) {
    if (total == null) {
      return false;
    }
    double now = value();
    if (now != known) {
      known = now;
      since = System.nanoTime();
      return false;
    }
    return since - nanoTime <= 0;
  }

  private double value() {
    return total != null && total.metricValue() instanceof Number number ? number.doubleValue() : 0;
  }

  private static @Nullable Metric total(Map<MetricName, ? extends Metric> metrics) {
    for (Map.Entry<MetricName, ? extends Metric> entry : metrics.entrySet()) {
      MetricName name = entry.getKey();
      if (name.name().equals("record-retry-total") && name.group().equals("producer-metrics")) {
        return entry.getValue();
      }
    }
    return null;
  }
}
