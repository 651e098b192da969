package dev.waybill.testkit.broker;

import dev.waybill.error.ConfigurationException;
import dev.waybill.testkit.BrokerFaults;
import dev.waybill.transport.support.TransportUri;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A broker that somebody else has started, and ends. */
final class RunningBroker implements TestBroker {

  private final BrokerKind kind;
  private final String uri;
  private final String address;
  private final int port;

  /** With the URI that the environment has; one of several hosts is known by its first. */
  RunningBroker(BrokerKind kind, String uri) {
    this.kind = kind;
    this.uri = uri;
    int query = uri.indexOf('?');
    try {
      TransportUri parsed = TransportUri.parse(query < 0 ? uri : uri.substring(0, query), Set.of());
      this.address = parsed.scheme() + "://" + parsed.authority();
      this.port = port(parsed.authority().split(",", 2)[0]);
    } catch (ConfigurationException | NumberFormatException e) {
      // without the cause: that of a number repeats what may be a password
      throw new BrokerUnavailableException(
          "%s is not the URI of a broker, '%s': write for example scheme://user:password@host:1234"
              .formatted(kind.variable(), TransportUri.redact(uri)));
    }
  }

  private static int port(String host) {
    int colon = host.lastIndexOf(':');
    return colon < 0 || host.endsWith("]") ? -1 : Integer.parseInt(host.substring(colon + 1));
  }

  @Override
  public String uri() {
    return uri;
  }

  @Override
  public int port() {
    return port;
  }

  @Override
  public String version() {
    return kind == BrokerKind.AWS ? "SNS and SQS" : kind.product();
  }

  @Override
  public void kill() {
    throw notOurs("kill");
  }

  @Override
  public void pause() {
    throw notOurs("pause");
  }

  @Override
  public void resume() {
    throw notOurs("resume");
  }

  @Override
  public void restart() {
    throw notOurs("restart");
  }

  @Override
  public void stop() {
    throw notOurs("stop");
  }

  @Override
  public @Nullable BrokerFaults faults() {
    return null;
  }

  @Override
  public void close() {}

  private BrokerUnavailableException notOurs(String verb) {
    return new BrokerUnavailableException(
        "Cannot %s the broker at %s, which was found running: unset %s, so that the test starts its own"
            .formatted(verb, address, kind.variable()));
  }
}
