package dev.waybill.testkit.broker;

import dev.waybill.testkit.BrokerFaults;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/** A broker that somebody else has started, and ends. */
final class RunningBroker implements TestBroker {

  private final BrokerKind kind;
  private final URI uri;

  RunningBroker(BrokerKind kind, String uri) {
    this.kind = kind;
    this.uri = URI.create(uri);
  }

  @Override
  public String uri() {
    return uri.toString();
  }

  @Override
  public int port() {
    return uri.getPort();
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
            .formatted(verb, withoutPassword(), kind.variable()));
  }

  private String withoutPassword() {
    return uri.getScheme() + "://" + uri.getHost() + ":" + uri.getPort();
  }
}
