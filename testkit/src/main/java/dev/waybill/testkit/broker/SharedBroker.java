package dev.waybill.testkit.broker;

import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A broker that is started once for all who ask for it. */
final class SharedBroker<B extends LocalTestBroker> {

  private final BrokerKind kind;
  private final Supplier<B> starter;
  private @Nullable B started;

  SharedBroker(BrokerKind kind, Supplier<B> starter) {
    this.kind = kind;
    this.starter = starter;
  }

  /** The broker that {@code environment} names, else the one of this JVM. */
  TestBroker get(Map<String, String> environment) {
    String running = environment.getOrDefault(kind.variable(), "");
    if (!running.isEmpty()) {
      return new RunningBroker(kind, running);
    }
    try {
      return own();
    } catch (BrokerUnavailableException e) {
      throw new BrokerUnavailableException(
          "%s; or set %s to the URI of a running broker".formatted(e.getMessage(), kind.variable()),
          e);
    }
  }

  /** The broker of this JVM. */
  synchronized B own() {
    B broker = started;
    if (broker == null) {
      broker = starter.get();
      broker.share();
      started = broker;
      String name = "end-" + kind.argument();
      Runtime.getRuntime().addShutdownHook(new Thread(broker::end, name));
    } else if (!broker.isRunning()) {
      broker.restart();
    }
    return broker;
  }
}
