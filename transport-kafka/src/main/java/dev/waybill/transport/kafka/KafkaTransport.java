package dev.waybill.transport.kafka;

import dev.waybill.error.ConfigurationException;
import dev.waybill.error.ErrorCode;
import dev.waybill.routing.Source;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Apache Kafka, with consumer groups and, where asked for, share groups. Made by {@link
 * #builder()}, or by {@link Transport#at} from a {@code kafka:} URI.
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
    return !keyed && settings.shareGroups().all()
        ? KafkaCapabilities.ofShareGroups(settings)
        : KafkaCapabilities.of(settings);
  }

  @Override
  public Capabilities capabilities(Source source) {
    return settings.shareGroups().has(source)
        ? KafkaCapabilities.ofShareGroups(settings)
        : KafkaCapabilities.of(settings);
  }

  @Override
  public List<String> check(Topology topology) {
    List<String> problems = new ArrayList<>(KafkaNames.check(topology));
    problems.addAll(settings.shareGroups().check(topology));
    return problems;
  }

  /**
   * {@inheritDoc}
   *
   * <p>Of a queue, topic or dead-letter queue the Kafka topic, of a subscription the consumer
   * group; the names are the same as here. The consumer group of a queue has the queue's name. A
   * share group has the same name as the consumer group that it stands for.
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
   * delivery timeout of 30 seconds, consumer groups, and Kafka's own defaults but for what
   * Waybill's contract needs.
   *
   * <p>Not thread-safe.
   */
  public static final class Builder {
    private String bootstrapServers = "";
    private int partitions = 6;
    private int replication = KafkaSettings.BROKER_DEFAULT;
    private Duration deliveryTimeout = Duration.ofSeconds(30);
    private boolean allInShareGroups;
    private final Set<String> shareGroups = new LinkedHashSet<>();
    private Duration recordLock = Duration.ofSeconds(30);
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
     * Reads a queue with a share group instead of a consumer group: any number of instances take
     * its messages one by one, however few partitions it has, and the broker counts attempts. There
     * is no order per key then: a queue whose routes have keys is refused at start, and so is a
     * broker without share groups (they come with Kafka 4.2, and with the renewal of locks, which
     * this needs, in 4.3).
     *
     * @param queue the queue's name
     */
    public Builder shareGroup(String queue) {
      shareGroups.add(queue);
      return this;
    }

    /**
     * Reads a subscription with a share group; see {@link #shareGroup(String)}.
     *
     * @param topic the topic's name
     * @param subscription the subscription's own name
     */
    public Builder shareGroup(String topic, String subscription) {
      shareGroups.add(topic + "." + subscription);
      return this;
    }

    /**
     * Reads every queue and subscription without keys with a share group; see {@link
     * #shareGroup(String)}. Those with keys, and dead letters, keep their consumer groups.
     */
    public Builder shareGroups() {
      allInShareGroups = true;
      return this;
    }

    /**
     * How long a message of a share group stays with an instance that no longer renews its lock
     * ({@code share.record.lock.duration.ms} of the group), which is how long it takes after a hang
     * of the instance until another gets the message; a lost connection gives it back at once.
     * Brokers allow 15 to 60 seconds unless they are set otherwise. The library renews it for as
     * long as a message is being handled or waits.
     */
    public Builder recordLock(Duration duration) {
      this.recordLock = duration;
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
              bootstrapServers,
              partitions,
              replication,
              deliveryTimeout,
              new ShareGroups(allInShareGroups, shareGroups),
              recordLock,
              properties));
    }
  }
}
