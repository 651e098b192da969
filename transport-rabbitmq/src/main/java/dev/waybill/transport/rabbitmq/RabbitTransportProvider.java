package dev.waybill.transport.rabbitmq;

import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportProvider;
import java.util.Set;

/**
 * Makes a {@link RabbitTransport} from {@code amqp://user:password@host:5672/vhost} or {@code
 * amqps://…}. Found by {@link java.util.ServiceLoader}; applications use {@link Transport#at}.
 *
 * <p>What is left out is {@code guest}, {@code guest}, {@code localhost}, 5672 (TLS: 5671) and the
 * virtual host {@code /}. Several hosts are separated by commas. Percent signs escape, so the
 * virtual host {@code a/b} may be written {@code a%2Fb}. User and password may also come from the
 * environment, or from a file that the parameter {@code credentials} names; see {@link
 * RabbitTransport.Builder#environment} and {@link RabbitTransport.Builder#credentialsFile}.
 */
public final class RabbitTransportProvider implements TransportProvider {
  /** For {@link java.util.ServiceLoader}. */
  public RabbitTransportProvider() {}

  @Override
  public Set<String> schemes() {
    return Set.of("amqp", "amqps");
  }

  @Override
  public Transport create(String uri) {
    return new RabbitTransport(RabbitUri.settings(uri));
  }
}
