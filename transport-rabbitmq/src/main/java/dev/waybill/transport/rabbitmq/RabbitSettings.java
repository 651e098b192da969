package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.Address;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Where a broker is and how it is talked to; the password never leaves through {@link #toString}.
 *
 * @param tls how to encrypt, or null not to
 */
record RabbitSettings(
    List<Address> addresses,
    Login login,
    String virtualHost,
    @Nullable Encryption tls,
    Duration heartbeat,
    ClassicQueues classic,
    Partitions partitions,
    DelaySettings delays) {

  /** Makes the TLS context for one connection. */
  interface Encryption {
    /**
     * The context.
     *
     * @throws GeneralSecurityException whose message is a sentence with the remedy
     */
    SSLContext context() throws GeneralSecurityException;
  }

  RabbitSettings {
    addresses = List.copyOf(addresses);
  }

  /** The user who logs in, as known before anybody has. */
  String user() {
    return login.credentials().user();
  }

  String password() {
    return login.credentials().password();
  }

  /** Hosts and ports, for people. */
  String hosts() {
    return addresses.stream()
        .map(address -> address.getHost() + ":" + address.getPort())
        .collect(Collectors.joining(","));
  }

  /** Hosts, ports and virtual host, for people. */
  String address() {
    return hosts() + (virtualHost.equals("/") ? "" : "/" + virtualHost);
  }

  @Override
  public String toString() {
    return (tls == null ? "amqp://" : "amqps://") + address();
  }
}
