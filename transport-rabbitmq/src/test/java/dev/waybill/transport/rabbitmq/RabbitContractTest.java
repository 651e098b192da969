package dev.waybill.transport.rabbitmq;

import dev.waybill.testkit.BrokerFaults;
import dev.waybill.testkit.ConnectionFaults;
import dev.waybill.testkit.TransportContract;
import dev.waybill.testkit.TransportHarness;
import dev.waybill.testkit.broker.ProxiedConnection;
import dev.waybill.testkit.broker.TestBroker;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Transport;
import java.time.Duration;

class RabbitContractTest extends TransportContract {
  private static final TransportHarness HARNESS = new Harness(TestBrokers.rabbitmq());

  @Override
  protected TransportHarness harness() {
    return HARNESS;
  }

  private record Harness(TestBroker running) implements TransportHarness {
    @Override
    public Transport transport() {
      return Transport.at(running.uri());
    }

    @Override
    public String broker() {
      return running.version();
    }

    /** A restart of the broker takes half a minute on a busy machine. */
    @Override
    public Duration patience() {
      return Duration.ofSeconds(60);
    }

    /** With a heartbeat that notices a half-open connection while a case waits for it. */
    @Override
    public ConnectionFaults connectionFaults() {
      return ProxiedConnection.to(running, uri -> impatient(RabbitUri.settings(uri)));
    }

    @Override
    public BrokerFaults brokerFaults() {
      return running.faults();
    }

    @Override
    public Transport refusedTransport() {
      return Transport.at(running.uri().replaceFirst(":[^:@/]+@", ":wrong@"));
    }

    private static Transport impatient(RabbitSettings settings) {
      return RabbitTransport.builder()
          .address("127.0.0.1", settings.addresses().get(0).getPort())
          .user(settings.user())
          .password(settings.password())
          .virtualHost(settings.virtualHost())
          .heartbeat(Duration.ofSeconds(3))
          .build();
    }
  }
}
