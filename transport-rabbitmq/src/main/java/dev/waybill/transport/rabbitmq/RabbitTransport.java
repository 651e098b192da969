package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.Address;
import dev.waybill.error.MessagingException;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
    return RabbitCapabilities.of(settings);
  }

  @Override
  public List<String> check(Topology topology) {
    return RabbitLayout.of(topology, settings.partitions()).problems();
  }

  @Override
  public Map<String, String> nativeNames(Topology topology) {
    return RabbitLayout.nativeNames(topology, settings.partitions());
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
    private String user = "guest";
    private String password = "guest";
    private String virtualHost = "/";
    private boolean tls;
    private @Nullable SSLContext sslContext;
    private Duration heartbeat = DEFAULT_HEARTBEAT;
    private boolean quorum = true;
    private Partitions partitions = new Partitions(Map.of());

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

    /** The user's name. */
    public Builder user(String user) {
      this.user = user;
      return this;
    }

    /** The user's password; never shown or logged. */
    public Builder password(String password) {
      this.password = password;
      return this;
    }

    /** The virtual host, as the broker names it. */
    public Builder virtualHost(String virtualHost) {
      this.virtualHost = virtualHost;
      return this;
    }

    /** TLS with the JVM's trust store; the host name is verified. */
    public Builder tls() {
      this.tls = true;
      return this;
    }

    /** TLS with this context; the host name is verified. */
    public Builder tls(SSLContext context) {
      this.tls = true;
      this.sslContext = context;
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
      this.quorum = false;
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

    /** The transport; does not connect. */
    public RabbitTransport build() {
      return new RabbitTransport(settings());
    }

    RabbitSettings settings() {
      List<Address> given =
          addresses.isEmpty() ? List.of(new Address("localhost", SCHEME_PORT)) : addresses;
      List<Address> complete = new ArrayList<>();
      for (Address address : given) {
        int port = address.getPort();
        int schemePort = tls ? TLS_PORT : PORT;
        complete.add(new Address(address.getHost(), port == SCHEME_PORT ? schemePort : port));
      }
      return new RabbitSettings(
          complete, user, password, virtualHost, tls, sslContext, heartbeat, quorum, partitions);
    }
  }
}
