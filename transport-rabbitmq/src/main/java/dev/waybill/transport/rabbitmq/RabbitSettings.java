package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.Address;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Where a broker is and how it is talked to; the password never leaves through {@link #toString}.
 */
record RabbitSettings(
    List<Address> addresses,
    String user,
    String password,
    String virtualHost,
    boolean tls,
    @Nullable SSLContext sslContext,
    Duration heartbeat,
    boolean quorum,
    Partitions partitions) {

  RabbitSettings {
    addresses = List.copyOf(addresses);
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
    return (tls ? "amqps://" : "amqp://") + address();
  }
}
