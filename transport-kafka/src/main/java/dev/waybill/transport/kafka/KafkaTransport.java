package dev.waybill.transport.kafka;

import dev.waybill.error.ConfigurationException;
import dev.waybill.error.ErrorCode;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Apache Kafka, with consumer groups. Made by {@link #builder()}, or by {@link Transport#at} from a
 * {@code kafka:} URI.
 *
 * <p>Immutable and thread-safe.
 */
public final class KafkaTransport implements Transport {
  private final KafkaSettings settings;

  private KafkaTransport(KafkaSettings settings) {
    this.settings = settings;
  }

  /** A builder; only {@link Builder#bootstrapServers} must be called. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String name() {
    return "kafka";
  }

  /** The bootstrap servers, separated by commas. */
  @Override
  public String address() {
    return settings.bootstrapServers();
  }

  @Override
  public Capabilities capabilities(boolean keyed) {
    return KafkaCapabilities.of(settings);
  }

  @Override
  public List<String> check(Topology topology) {
    return KafkaNames.check(topology);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Of a queue, topic or dead-letter queue the Kafka topic, of a subscription the consumer
   * group; the names are the same as here. The consumer group of a queue has the queue's name.
   */
  @Override
  public Map<String, String> nativeNames(Topology topology) {
    return KafkaNames.all(topology);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Asks the broker for its cluster, which needs no permission. The code is {@link
   * ErrorCode#CONFIGURATION} if Kafka's clients do not accept the properties.
   */
  @Override
  public TransportConnection connect(Duration deadline) {
    return KafkaConnector.connect(settings, deadline);
  }

  /** The address; no property. */
  @Override
  public String toString() {
    return "KafkaTransport[" + address() + "]";
  }

  /**
   * Settings of a Kafka transport. Defaults: 6 partitions, the broker's replication factor, a
   * delivery timeout of 30 seconds, and Kafka's own defaults but for what Waybill's contract needs.
   *
   * <p>Not thread-safe.
   */
  public static final class Builder {
    private String bootstrapServers = "";
    private int partitions = 6;
    private int replication = KafkaSettings.BROKER_DEFAULT;
    private Duration deliveryTimeout = Duration.ofSeconds(30);
    private DelaySettings delays = DelaySettings.DEFAULT;
    private final Map<String, String> properties = new LinkedHashMap<>();

    private Builder() {}

    /** One or more brokers, {@code host:port}, separated by commas; port 9092 if not given. */
    public Builder bootstrapServers(String servers) {
      this.bootstrapServers = servers;
      return this;
    }

    /**
     * How many partitions the Kafka topics of queues and topics get that {@link
     * Topology.Mode#CREATE} makes: how many instances can receive at once. A dead-letter queue gets
     * one. Existing topics stay as they are.
     */
    public Builder partitions(int count) {
      this.partitions = count;
      return this;
    }

    /**
     * The replication factor of topics that {@link Topology.Mode#CREATE} makes; -1 for the broker's
     * default.
     */
    public Builder replication(int factor) {
      this.replication = factor;
      return this;
    }

    /**
     * How long the producer tries to store a message, including repetitions that can't make a
     * second copy ({@code delivery.timeout.ms}); at least one second. It outlasts the deadline of a
     * single send: a message whose sender has given up as unknown may still be stored until then.
     */
    public Builder deliveryTimeout(Duration timeout) {
      this.deliveryTimeout = timeout;
      return this;
    }

    /**
     * Whether the topics in which delayed messages wait belong to the topology, as for an
     * application that is known to delay: {@link Topology.Mode#CREATE} then makes them at the start
     * for every queue and topic of the bus, and {@link Topology.Mode#VERIFY} names those that are
     * missing. By default the first delayed message to a queue or topic makes its topic under
     * {@code CREATE}, and is rejected as {@link ErrorCode#NOT_FOUND} otherwise if there is none.
     *
     * <p>Only says what must stand: delayed messages are moved on by every connection that receives
     * from their queue or topic, whatever is said here.
     */
    public Builder delays(boolean fromStart) {
      this.delays = delays.withFromStart(fromStart);
      return this;
    }

    /** With other times than a user can have, for tests. */
    Builder delays(DelaySettings settings) {
      this.delays = settings;
      return this;
    }

    /**
     * A property of Kafka's clients, given to every client that knows it: security, compression,
     * timeouts. Those that would break the contract, or that have a method here, are refused by
     * {@link #build}.
     *
     * @param name the name as in Kafka's documentation
     * @param value the value; never shown in logs and errors of Waybill
     */
    public Builder property(String name, String value) {
      properties.put(name, value);
      return this;
    }

    /**
     * The transport; does not connect.
     *
     * @throws ConfigurationException naming all that is wrong
     */
    public KafkaTransport build() {
      return new KafkaTransport(
          KafkaSettings.of(
              bootstrapServers, partitions, replication, deliveryTimeout, properties, delays));
    }
  }
}
