package dev.waybill.transport.kafka;

import java.time.Duration;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ShareConsumer;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether a consumer is in touch with its broker, which its poll does not say: it returns
 * nothing then. Reads the client's own metrics: no open connection twice in a row, or no byte
 * received for longer than several heartbeats take, is a lost connection. Used by the polling
 * thread alone.
 */
final class ConnectionWatch {
  /** What there is to say. */
  enum Health {
    UNKNOWN,
    LOST,
    GOOD
  }

  private static final Duration INTERVAL = Duration.ofSeconds(1);

  /** A member of a share group sends heartbeats as the broker says, up to 15 seconds apart. */
  private static final Duration SHARE_SILENCE = Duration.ofSeconds(20);

  private final BooleanSupplier joined;
  private final Duration silence;
  private final @Nullable Metric connections;
  private final @Nullable Metric bytes;
  private Deadline nextLook = Deadline.in(INTERVAL);
  private Deadline silent;
  private double received;
  private boolean unconnected;
  private boolean wasJoined;

  private ConnectionWatch(
      Map<MetricName, ? extends Metric> metrics, BooleanSupplier joined, Duration silence) {
    this.joined = joined;
    this.silence = silence;
    this.silent = Deadline.in(silence);
    this.connections = metric(metrics, "consumer-metrics", "connection-count");
    this.bytes = metric(metrics, "consumer-metrics", "incoming-byte-total");
  }

  /**
   * Of a member of a group, which is in touch once it has joined and a fetch, if there is anything
   * to fetch from, was answered.
   *
   * @param waiting whether it has partitions, and may fetch from none of them yet
   */
  static ConnectionWatch inGroup(
      Consumer<byte[], byte[]> consumer, BooleanSupplier waiting, Duration silence) {
    Metric fetches = metric(consumer.metrics(), "consumer-fetch-manager-metrics", "fetch-total");
    return new ConnectionWatch(
        consumer.metrics(),
        () ->
            consumer.groupMetadata().generationId() >= 0
                && !waiting.getAsBoolean()
                && (fetches == null
                    || value(fetches) > 0
                    || consumer.paused().containsAll(consumer.assignment())),
        silence);
  }

  /** Of a consumer without a group; while it fetches only, for else it says nothing. */
  static ConnectionWatch alone(Consumer<byte[], byte[]> consumer, Duration silence) {
    return new ConnectionWatch(consumer.metrics(), () -> true, silence);
  }

  /** Of a member of a share group. */
  static ConnectionWatch inShareGroup(ShareConsumer<byte[], byte[]> consumer) {
    return new ConnectionWatch(consumer.metrics(), () -> true, SHARE_SILENCE);
  }

  /**
   * Looks, at most once a second; {@code GOOD} no earlier than a second after joining, {@code
   * UNKNOWN} in between and where the metrics are not to be had.
   */
  Health look() {
    if (!nextLook.passed() || connections == null || bytes == null) {
      return Health.UNKNOWN;
    }
    nextLook = Deadline.in(INTERVAL);
    boolean wasUnconnected = unconnected;
    unconnected = value(connections) == 0;
    double before = received;
    received = value(bytes);
    boolean progress = received > before;
    if (progress) {
      silent = Deadline.in(silence);
    }
    if ((unconnected && wasUnconnected) || silent.passed()) {
      return Health.LOST;
    }
    // what may join and not read is refused just after it has joined
    boolean wasJoinedBefore = wasJoined;
    wasJoined = joined.getAsBoolean();
    return progress && wasJoined && wasJoinedBefore && !unconnected ? Health.GOOD : Health.UNKNOWN;
  }

  private static double value(Metric metric) {
    return metric.metricValue() instanceof Number number ? number.doubleValue() : 0;
  }

  private static @Nullable Metric metric(
      Map<MetricName, ? extends Metric> metrics, String group, String name) {
    for (Map.Entry<MetricName, ? extends Metric> entry : metrics.entrySet()) {
      MetricName metric = entry.getKey();
      if (metric.name().equals(name) && metric.group().equals(group)) {
        return entry.getValue();
      }
    }
    return null;
  }
}
