package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.Address;
import dev.waybill.error.ConfigurationException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Source;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.rabbitmq.RabbitSettings.Encryption;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * RabbitMQ by AMQP 0-9-1. The package page says what stands for what.
 *
 * <p>Each bus holds two connections, one for publishing and one for consuming, so that a broker
 * that blocks publishers does not hold up consumers; both are restored by themselves. While the
 * publishing connection is lost or blocked a send waits, unwritten, until its deadline and is then
 * rejected; what was written and not answered is unknown.
 *
 * <p>Immutable and thread-safe.
 */
public final class RabbitTransport implements Transport {
  private final RabbitSettings settings;

  RabbitTransport(RabbitSettings settings) {
    this.settings = settings;
  }

  /** A builder for {@code guest} at {@code localhost}, virtual host {@code /}, quorum queues. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String name() {
    return "rabbitmq";
  }

  @Override
  public String address() {
    return settings.address();
  }

  @Override
  public Capabilities capabilities(boolean keyed) {
    return RabbitCapabilities.of(!settings.classic().all(), keyed, settings.delays());
  }

  @Override
  public Capabilities capabilities(Source source) {
    return RabbitCapabilities.of(
        !settings.classic().has(source.name()), source.keyed(), settings.delays());
  }

  @Override
  public List<String> check(Topology topology) {
    RabbitLayout layout = RabbitLayout.of(topology, settings.partitions());
    List<String> problems = new ArrayList<>(layout.problems());
    problems.addAll(settings.classic().check(topology, layout.queueNames()));
    return problems;
  }

  @Override
  public Map<String, String> nativeNames(Topology topology) {
    return RabbitLayout.nativeNames(topology, settings.partitions());
  }

  /**
   * What {@link Topology.Mode#CREATE} would make for a topology, as a definitions file of RabbitMQ,
   * which {@code rabbitmqctl import_definitions} and the management plugin read: exchanges, queues
   * and bindings with their arguments, in this transport's virtual host, which must exist. For
   * operators who make the topology themselves and let the bus start with {@link
   * Topology.Mode#VERIFY} or {@code ASSUME}. With the queues of delayed messages, and what leads
   * from them to the topology's own, if they belong to it ({@link Builder#delays(boolean)}).
   * Without users, permissions, and the reply queues that instances make for themselves. Asks no
   * broker.
   *
   * @param topology as {@link dev.waybill.MessageBus.Builder#requiredTopology} gives it
   * @return JSON, the same for the same topology
   */
  public String definitions(Topology topology) {
    return Definitions.of(topology, settings);
  }

  /**
   * Connects, and proves that the broker answers and takes the credentials. Blocks, at most {@code
   * deadline}.
   *
   * @throws MessagingException as the interface says; besides, {@code NOT_FOUND} if the virtual
   *     host does not exist and {@code NOT_AUTHORISED} if the user may not use it
   */
  @Override
  public TransportConnection connect(Duration deadline) {
    return RabbitConnection.open(settings, deadline);
  }

  /** The address; never a credential. */
  @Override
  public String toString() {
    return "RabbitTransport[" + settings + "]";
  }

  /**
   * Says what a URI can't. Defaults: one host, {@code localhost}, at the scheme's port; user and
   * password {@code guest}; virtual host {@code /}; no TLS; a heartbeat of 10 seconds; quorum
   * queues.
   *
   * <p>Not thread-safe.
   */
  public static final class Builder {
    /**
     * RabbitMQ's advice is 5 to 20 seconds (documentation, "Heartbeats"): shorter takes a busy
     * network for a dead one, longer leaves a dead one unnoticed for up to twice the time.
     */
    private static final Duration DEFAULT_HEARTBEAT = Duration.ofSeconds(10);

    private static final int PORT = 5672;
    private static final int TLS_PORT = 5671;
    private static final int SCHEME_PORT = -1;

    private final List<Address> addresses = new ArrayList<>();
    private final Set<String> classic = new LinkedHashSet<>();
    private @Nullable String user;
    private @Nullable String password;
    private Map<String, String> environment = Map.of();
    private @Nullable Path credentialsFile;
    private @Nullable Supplier<RabbitCredentials> credentials;
    private boolean certificateLogin;
    private String virtualHost = "/";
    private @Nullable Encryption tls;
    private Duration heartbeat = DEFAULT_HEARTBEAT;
    private boolean allClassic;
    private Partitions partitions = new Partitions(Map.of());
    private DelaySettings delays = DelaySettings.STANDARD;

    private Builder() {}

    /** Adds a host at the scheme's port: 5672, with TLS 5671. Hosts are tried in order. */
    public Builder host(String host) {
      addresses.add(new Address(host, SCHEME_PORT));
      return this;
    }

    /**
     * Adds a host and port. Hosts are tried in order.
     *
     * @throws IllegalArgumentException if the port is not from 1 to 65535
     */
    public Builder address(String host, int port) {
      if (port < 1 || port > 65_535) {
        throw new IllegalArgumentException("Port " + port + " is not from 1 to 65535.");
      }
      addresses.add(new Address(host, port));
      return this;
    }

    /** The user's name; {@code guest} if nothing says another. */
    public Builder user(String user) {
      this.user = user;
      return this;
    }

    /** The user's password; never shown or logged. */
    public Builder password(String password) {
      this.password = password;
      return this;
    }

    /**
     * Takes from a file what {@link #user}, {@link #password} and {@link #environment} don't say:
     * lines {@code user=…} and {@code password=…} in the format of {@link java.util.Properties}, in
     * UTF-8. It is read for each connection, so that one that is made again takes a password that
     * was changed meanwhile; {@link #build} reads it too, and reports what is wrong with it.
     */
    public Builder credentialsFile(Path file) {
      this.credentialsFile = file;
      return this;
    }

    /**
     * Has somebody asked for the credentials before each connection is made: a vault, or an issuer
     * of tokens. A connection that the broker closes because its token has expired is made again
     * with what is given then. May not be combined with the other methods for users and passwords.
     *
     * @param credentials called on threads of the transport, also by two at a time; may block, but
     *     for as long nothing is connected; what it throws counts as a failed attempt
     */
    public Builder credentials(Supplier<RabbitCredentials> credentials) {
      this.credentials = credentials;
      return this;
    }

    /**
     * Logs in without a password, as the user that the broker makes of this client's certificate
     * (the SASL mechanism {@code EXTERNAL}); on the broker that takes the plugin {@code
     * rabbitmq_auth_mechanism_ssl}. Needs {@link #tls(Consumer)} with a certificate. May not be
     * combined with the other ways to say who logs in; environment variables for that don't count.
     */
    public Builder certificateLogin() {
      this.certificateLogin = true;
      return this;
    }

    /**
     * Takes what {@link #user} and {@link #password} don't say from the environment variables
     * {@code WAYBILL_RABBITMQ_USER} and {@code WAYBILL_RABBITMQ_PASSWORD}, and the path for {@link
     * #credentialsFile} from {@code WAYBILL_RABBITMQ_CREDENTIALS}. An empty one counts as not set.
     * A transport made from a URI always does so.
     */
    public Builder environment() {
      return environment(System.getenv());
    }

    Builder environment(Map<String, String> variables) {
      this.environment = variables;
      return this;
    }

    /** The virtual host, as the broker names it. */
    public Builder virtualHost(String virtualHost) {
      this.virtualHost = virtualHost;
      return this;
    }

    /** TLS with the JVM's trust store; the host name is verified. */
    public Builder tls() {
      this.tls = SSLContext::getDefault;
      return this;
    }

    /** TLS with this context; the host name is verified. */
    public Builder tls(SSLContext context) {
      this.tls = () -> context;
      return this;
    }

    /**
     * TLS with other certificates, {@code tls(t -> t.trustCertificates(file))}; the host name is
     * verified.
     */
    public Builder tls(Consumer<RabbitTls> settings) {
      RabbitTls given = new RabbitTls();
      settings.accept(given);
      this.tls = given::context;
      return this;
    }

    /**
     * How often each side shows that it is alive; a dead connection is noticed after at most about
     * twice this time. The shorter of this and the broker's own counts.
     *
     * @param heartbeat whole seconds, from one second to 18 hours
     * @throws IllegalArgumentException if it is out of that range
     */
    public Builder heartbeat(Duration heartbeat) {
      if (heartbeat.toSeconds() < 1 || heartbeat.toSeconds() > 65_535) {
        throw new IllegalArgumentException(
            "A heartbeat of " + heartbeat + " is not from 1 to 65535 seconds.");
      }
      this.heartbeat = heartbeat;
      return this;
    }

    /**
     * Classic queues instead of quorum queues. The broker does not replicate them and does not
     * count deliveries: {@link Capabilities.Feature#ATTEMPTS} is then emulated.
     */
    public Builder classicQueues() {
      this.allClassic = true;
      return this;
    }

    /**
     * One classic queue instead of a quorum queue; see {@link #classicQueues}. Every application
     * that declares it has to say so.
     *
     * @param queue the queue's name; a dead-letter queue ({@code payments.dlq}) is a queue of its
     *     own
     */
    public Builder classicQueue(String queue) {
      classic.add(queue);
      return this;
    }

    /**
     * A classic queue for one subscription; see {@link #classicQueue(String)}.
     *
     * @param topic the topic's name
     * @param subscription the subscription's own name
     */
    public Builder classicQueue(String topic, String subscription) {
      classic.add(topic + "." + subscription);
      return this;
    }

    /**
     * Spreads a keyed queue or subscription over several queues of the broker, so that several
     * instances receive from it at once; the order of each key is kept. Without, one instance at a
     * time gets its messages. Whoever sends to a queue has to say the same as those who receive
     * from it; senders to a topic need not know.
     *
     * @param source the queue's name, or {@code <topic>.<subscription>}
     * @param count how many, from 2 to 128: at least as many as there will ever be instances, for
     *     the number can't be changed while messages are there
     * @throws IllegalArgumentException if the count is out of that range
     */
    public Builder partitions(String source, int count) {
      if (count < 2 || count > Partitions.SLOTS) {
        throw new IllegalArgumentException(
            "%d partitions of '%s' are not from 2 to %d."
                .formatted(count, source, Partitions.SLOTS));
      }
      this.partitions = partitions.with(source, count);
      return this;
    }

    /**
     * Whether the queues in which delayed messages wait belong to the topology, as for an
     * application that is known to delay: {@link Topology.Mode#CREATE} then makes them at the
     * start, and {@link Topology.Mode#VERIFY} names what is missing of them. By default the first
     * delayed message makes them under {@code CREATE}, and otherwise each is rejected as {@link
     * ErrorCode#UNSUPPORTED}: by this somebody says that they are there, and bound to the channels
     * that messages are delayed to, which nobody can see over AMQP.
     */
    public Builder delays(boolean fromStart) {
      this.delays = delays.withFromStart(fromStart);
      return this;
    }

    /** With other levels and times than a user can have, for tests. */
    Builder delays(DelaySettings settings) {
      this.delays = settings;
      return this;
    }

    /**
     * The transport; does not connect.
     *
     * @throws ConfigurationException naming all that is wrong with credentials and certificates
     */
    public RabbitTransport build() {
      return new RabbitTransport(settings());
    }

    RabbitSettings settings() {
      Login login =
          new Login(
              new Login.Sources(
                  user, password, environment, credentialsFile, credentials, certificateLogin));
      List<String> problems = new ArrayList<>(login.problems());
      if (certificateLogin && tls == null) {
        problems.add(
            "certificateLogin() needs a certificate to show: add tls(t -> t.certificate(…)).");
      }
      Encryption encryption = tls;
      if (encryption != null) {
        try {
          SSLContext unused = encryption.context();
        } catch (GeneralSecurityException e) {
          problems.add(String.valueOf(e.getMessage()));
        }
      }
      if (!problems.isEmpty()) {
        throw new ConfigurationException(problems);
      }
      return new RabbitSettings(
          hosts(encryption == null ? PORT : TLS_PORT),
          login,
          virtualHost,
          encryption,
          heartbeat,
          new ClassicQueues(allClassic, classic),
          partitions,
          delays);
    }

    private List<Address> hosts(int schemePort) {
      List<Address> given =
          addresses.isEmpty() ? List.of(new Address("localhost", SCHEME_PORT)) : addresses;
      List<Address> complete = new ArrayList<>();
      for (Address address : given) {
        int port = address.getPort();
        complete.add(new Address(address.getHost(), port == SCHEME_PORT ? schemePort : port));
      }
      return complete;
    }
  }
}
