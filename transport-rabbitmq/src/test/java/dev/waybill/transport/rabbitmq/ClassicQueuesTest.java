package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.routing.Queue;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import org.junit.jupiter.api.Test;

class ClassicQueuesTest {
  private final Queue payments = new Queue("payments", false);
  private final Subscription billing = new Subscription(new Topic("orders", false), "billing");

  @Test
  void oneQueueCanBeClassicAmongQuorumQueues() {
    RabbitTransport transport = RabbitTransport.builder().classicQueue("payments").build();
    Capabilities usual = transport.capabilities(false);

    assertThat(transport.capabilities(payments).support(Feature.ATTEMPTS))
        .isNotEqualTo(usual.support(Feature.ATTEMPTS));
    assertThat(transport.capabilities(payments).support(Feature.ATTEMPTS).note())
        .contains("classic");
    assertThat(transport.capabilities(billing).support(Feature.ATTEMPTS))
        .isEqualTo(usual.support(Feature.ATTEMPTS));
    assertThat(transport.definitions(Wires.topology(payments, billing)))
        .containsOnlyOnce("\"x-queue-type\": \"classic\"");
  }

  @Test
  void aSubscriptionsQueueCanBe() {
    RabbitTransport transport = RabbitTransport.builder().classicQueue("orders", "billing").build();

    assertThat(transport.capabilities(billing))
        .usingRecursiveComparison()
        .isEqualTo(RabbitTransport.builder().classicQueues().build().capabilities(false));
    assertThat(transport.check(Wires.topology(payments, billing))).isEmpty();
  }

  @Test
  void aNameThatIsNoQueueIsRefusedWhereTheBusReceives() {
    RabbitTransport transport =
        RabbitTransport.builder().classicQueue("payment").classicQueue("payments.dlq").build();

    assertThat(transport.check(Wires.topology(payments)))
        .containsExactly(
            "classicQueue(…) names 'payment', which is no queue of this bus; it has"
                + " [payments, payments.dlq]: correct the name, or leave it out.");
    assertThat(transport.check(Wires.sendingTo(new Topic("orders", false)))).isEmpty();
  }
}
