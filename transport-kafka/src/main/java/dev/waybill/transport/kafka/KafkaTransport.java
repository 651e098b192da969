package dev.waybill.transport.kafka;

import dev.waybill.error.ConfigurationException;
import dev.waybill.error.ErrorCode;
import dev.waybill.routing.Source;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

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

  /** A builder; only {@link Builder#bootstrapServers} must be called, if nothing else names one. */
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
    problems.addAll(settings.topics().check(topology));
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
   * Settings of a Kafka transport. Defaults: 6 partitions, the broker's replication, a delivery
   * timeout of 30 seconds, consumer groups, and Kafka's own defaults but for what Waybill's
   * contract needs.
   *
   * <p>Not thread-safe.
   */
  public static final class Builder {
    private String bootstrapServers = "";
    private @Nullable Integer partitions;
    private int replication = TopicSettings.BROKER_DEFAULT;
    private @Nullable Integer minInSyncReplicas;
    private final Map<String, KafkaTopic> topics = new LinkedHashMap<>();
    private Duration deliveryTimeout = Duration.ofSeconds(30);
    private boolean allInShareGroups;
    private final Set<String> shareGroups = new LinkedHashSet<>();
    private Duration recordLock = Duration.ofSeconds(30);
    private final PropertySources sources = new PropertySources();
    private DelaySettings delays = DelaySettings.DEFAULT;

    private Builder() {}

    /** One or more brokers, {@code host:port}, separated by commas; port 9092 if not given. */
    public Builder bootstrapServers(String servers) {
      this.bootstrapServers = servers;
      return this;
    }

    /**
     * How many partitions the Kafka topics of queues and topics have: how many instances can
     * receive at once. {@link Topology.Mode#CREATE} makes missing ones so; it and {@link
     * Topology.Mode#VERIFY} refuse one that has more or less. Without this call it makes them with
     * 6, and what exists may have any number. A dead-letter queue gets one.
     */
    public Builder partitions(int count) {
      this.partitions = count;
      return this;
    }

    /**
     * The replication factor of all Kafka topics; -1 for the broker's default. {@link
     * Topology.Mode#CREATE} makes missing ones so; it and {@link Topology.Mode#VERIFY} refuse one
     * that has fewer replicas.
     */
    public Builder replication(int factor) {
      this.replication = factor;
      return this;
    }

    /**
     * How many replicas must have a message before it is confirmed ({@code min.insync.replicas}),
     * of all Kafka topics; by default the broker decides. {@link Topology.Mode#CREATE} makes
     * missing ones so; it and {@link Topology.Mode#VERIFY} refuse one that is otherwise.
     */
    public Builder minInSyncReplicas(int count) {
      this.minInSyncReplicas = count;
      return this;
    }

    /**
     * Says of one Kafka topic what it is to be like: {@code topic("customers", t ->
     * t.compacted())}. Several calls for one name add up.
     *
     * @param name of a queue, topic or dead-letter queue of the bus; a start is refused if it has
     *     none of that name
     */
    public Builder topic(String name, Consumer<KafkaTopic> settings) {
      settings.accept(topics.computeIfAbsent(name, KafkaTopic::new));
      return this;
    }

    /**
     * How long the producer tries to store a message, including repetitions that can't make a
     * second copy ({@code delivery.timeout.ms}); one second to one day, 30 s unless set. It is of
     * the connection, and does not follow the deadline of a send, which is kept in any case. If
     * that is sooner, the message is unknown, and may still be stored until the producer gives up.
     * If it is later, the send ends as unknown when the producer gives up: a longer {@code
     * sendTimeout} of a bus needs a longer time here.
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
     * Encrypts, and trusts what the JVM trusts. The broker's certificate must be made out to the
     * host that is called.
     */
    public Builder tls() {
      return tls(settings -> {});
    }

    /**
     * Encrypts with other certificates: {@code tls(t -> t.trustCertificates(file))}. The broker's
     * certificate must be made out to the host that is called.
     */
    public Builder tls(Consumer<KafkaTls> settings) {
      KafkaTls tls = new KafkaTls();
      settings.accept(tls);
      sources.tls(tls);
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
     * Logs in with a user and a password by SASL PLAIN, which hands the password to the broker;
     * over TLS, also without {@link #tls()}, for then the JVM's certificates are trusted. A later
     * login replaces an earlier one.
     */
    public Builder saslPlain(String user, String password) {
      return login("PLAIN", user, password);
    }

    /**
     * As {@link #saslPlain}, by SASL SCRAM-SHA-256, which proves the password without handing it
     * over.
     */
    public Builder saslScramSha256(String user, String password) {
      return login("SCRAM-SHA-256", user, password);
    }

    /**
     * As {@link #saslPlain}, by SASL SCRAM-SHA-512, which proves the password without handing it
     * over.
     */
    public Builder saslScramSha512(String user, String password) {
      return login("SCRAM-SHA-512", user, password);
    }

    private Builder login(String mechanism, String user, String password) {
      return property("sasl.mechanism", mechanism)
          .property(PropertyRules.USERNAME, user)
          .property(PropertyRules.PASSWORD, password);
    }

    /**
     * A property of Kafka's clients, given to every client that knows it: security, compression,
     * timeouts. With {@code producer.}, {@code consumer.} or {@code admin.} before its name it is
     * given to that client alone. Beside Kafka's there are {@code sasl.username} and {@code
     * sasl.password}, which spare {@code sasl.jaas.config}.
     *
     * <p>{@link #build} refuses a name that no client knows, and what would break the contract or
     * has a method here.
     *
     * @param name the name as in Kafka's documentation
     * @param value the value; never shown in logs and errors of Waybill
     */
    public Builder property(String name, String value) {
      sources.set(name, value);
      return this;
    }

    /**
     * A property that Kafka's clients do not know, for a plug-in of theirs: an interceptor, a
     * metrics reporter, a login's callback.
     *
     * @param name the name that the plug-in looks for
     * @param value the value; never shown in logs and errors of Waybill
     */
    public Builder pluginProperty(String name, String value) {
      sources.plugIn(name, value);
      return this;
    }

    /**
     * Takes properties from a file in the format of {@link java.util.Properties}, in UTF-8, with
     * the names of {@link #property}; it may also name the brokers ({@code bootstrap.servers}). It
     * is read by {@link #build}. Of several files a later one wins; {@link #environment} and what
     * is said by methods win over files.
     */
    public Builder propertiesFile(Path file) {
      sources.file(file);
      return this;
    }

    /**
     * Takes properties from environment variables: {@code WAYBILL_KAFKA_} and the name in capitals,
     * with underscores for dots, such as {@code WAYBILL_KAFKA_SASL_PASSWORD}. An empty one counts
     * as not set. What is said by methods wins over them. A transport made from a URI always reads
     * them; one of a builder does when this is called.
     */
    public Builder environment() {
      return environment(System.getenv());
    }

    Builder environment(Map<String, String> variables) {
      sources.environment(variables);
      return this;
    }

    /**
     * The transport; does not connect.
     *
     * @throws ConfigurationException naming all that is wrong
     */
    public KafkaTransport build() {
      Map<String, KafkaTopic.Said> named = new LinkedHashMap<>();
      topics.forEach((name, topic) -> named.put(name, topic.said()));
      return new KafkaTransport(
          KafkaSettings.of(
              bootstrapServers,
              new TopicSettings(partitions, replication, minInSyncReplicas, named),
              deliveryTimeout,
              new ShareGroups(allInShareGroups, shareGroups),
              recordLock,
              sources,
              delays));
    }
  }
}
