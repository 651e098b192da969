package dev.waybill.transport.kafka;

import dev.waybill.MessageBus;
import dev.waybill.testkit.BrokerFaults;
import dev.waybill.testkit.ConnectionFaults;
import dev.waybill.testkit.TransportContract;
import dev.waybill.testkit.TransportHarness;
import dev.waybill.testkit.broker.FaultProxy;
import dev.waybill.testkit.broker.KafkaTestBroker;
import dev.waybill.testkit.broker.ProxiedConnection;
import dev.waybill.transport.Transport;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class KafkaContractTest extends TransportContract implements TransportHarness {
  private static FaultProxy proxy;
  private static KafkaTestBroker broker;
  private static @Nullable KafkaTestBroker withLogin;

  @BeforeAll
  static void start() {
    proxy = FaultProxy.open();
    broker = KafkaTestBroker.builder().alsoThrough(proxy).start();
  }

  @AfterAll
  static void end() {
    broker.close();
    proxy.close();
    if (withLogin != null) {
      withLogin.close();
    }
  }

  @Override
  protected TransportHarness harness() {
    return this;
  }

  @Override
  public Transport transport() {
    return quickToNotice("127.0.0.1:" + broker.port()).build();
  }

  @Override
  public String broker() {
    return broker.version();
  }

  @Override
  public Duration patience() {
    return Duration.ofSeconds(60);
  }

  /** There are more partitions than instances, so that each has one in the end. */
  @Override
  public boolean isBalanced(List<MessageBus> instances) {
    return instances.stream()
        .flatMap(bus -> bus.health().consumers().stream())
        .noneMatch(consumer -> consumer.owned().isEmpty());
  }

  @Override
  public ConnectionFaults connectionFaults() {
    return ProxiedConnection.through(proxy, quickToNotice("127.0.0.1:" + proxy.port()).build());
  }

  @Override
  public @Nullable BrokerFaults brokerFaults() {
    return broker.faults();
  }

  @Override
  public Transport refusedTransport() {
    if (withLogin == null) {
      withLogin = KafkaTestBroker.builder().plainLogin("app", "right").start();
    }
    return KafkaTransport.builder()
        .bootstrapServers("127.0.0.1:" + withLogin.port())
        .property("security.protocol", "SASL_PLAINTEXT")
        .property("sasl.mechanism", "PLAIN")
        .property(
            "sasl.jaas.config",
            "org.apache.kafka.common.security.plain.PlainLoginModule required"
                + " username=\"app\" password=\"wrong\";")
        .build();
  }

  /** A group that misses a member after the least time that brokers allow. */
  static KafkaTransport.Builder quickToNotice(String servers) {
    return KafkaTransport.builder()
        .bootstrapServers(servers)
        .property("session.timeout.ms", "6000")
        .property("heartbeat.interval.ms", "1000");
  }
}
