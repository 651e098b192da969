package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.waybill.error.ConfigurationException;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KafkaTransportTest {
  @Test
  void aUriFindsTheTransport() {
    Transport transport = Transport.at("kafka://a:1,b:2?partitions=4&replication=3&delays=true");

    assertThat(transport).isInstanceOf(KafkaTransport.class);
    assertThat(transport.name()).isEqualTo("kafka");
    assertThat(transport.address()).isEqualTo("a:1,b:2");
  }

  @Test
  void theDefaultPortIsKafkas() {
    assertThat(Transport.at("kafka://localhost,[::1]").address())
        .isEqualTo("localhost:9092,[::1]:9092");
  }

  @Test
  void userInfoInAUriIsRefusedWithoutRepeatingIt() {
    assertThatThrownBy(() -> Transport.at("kafka://user:geheim@host:9092"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("KafkaTransport.builder()")
        .hasMessageNotContaining("geheim");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "kafka:",
        "kafka://",
        "kafka://host/path",
        "kafka://host?partitions=many",
        "kafka://host?partitions=0",
        "kafka://host?replication=0",
        "kafka://host?delays=yes",
        "kafka://host?acks=1"
      })
  void aUriThatSaysNonsenseIsRefused(String uri) {
    assertThatThrownBy(() -> Transport.at(uri)).isInstanceOf(ConfigurationException.class);
  }

  @Test
  void allProblemsOfABuilderAreReportedAtOnce() {
    KafkaTransport.Builder builder =
        KafkaTransport.builder()
            .partitions(0)
            .replication(-2)
            .deliveryTimeout(Duration.ofMillis(10))
            .property("acks", "1")
            .property("enable.auto.commit", "true")
            .property("group.id", "mine")
            .property("max.request.size", "few");

    ConfigurationException problem =
        catchThrowableOfType(ConfigurationException.class, builder::build);

    assertThat(problem.problems()).hasSize(8);
    assertThat(problem).hasMessageContaining("bootstrapServers").hasMessageContaining("\"acks\"");
  }

  @Test
  void namesAreTheSameOnKafka() {
    Topic topic = new Topic("orders", true);
    Queue queue = new Queue("payments", true);
    Subscription billing = new Subscription(topic, "billing");

    Topology topology = KafkaFixture.topology(topic, queue, billing);

    assertThat(transport().check(topology)).isEmpty();
    assertThat(transport().nativeNames(topology))
        .containsEntry("orders", "orders")
        .containsEntry("payments", "payments")
        .containsEntry("orders.billing", "orders.billing")
        .containsEntry("orders.billing.dlq", "orders.billing.dlq")
        .containsEntry("payments.dlq", "payments.dlq");
  }

  @Test
  void everyIllegalOrCollidingNameIsNamed() {
    Queue ambiguous = new Queue("a.b", false);
    Queue alike = new Queue("a_b", false);
    Queue odd = new Queue("schlüssel", false);
    Queue internal = new Queue("__consumer_offsets", false);
    Queue sameGroup = new Queue("t.s", false);
    Subscription subscription = new Subscription(new Topic("t", false), "s");

    List<String> problems =
        transport()
            .check(
                new Topology(
                    List.of(ambiguous, alike, odd, internal),
                    List.of(sameGroup, subscription),
                    List.of()));

    assertThat(problems).hasSize(4);
    assertThat(problems.get(0)).contains("a.b").contains("a_b").contains("collide");
    assertThat(problems.get(1)).contains("schlüssel");
    assertThat(problems.get(2)).contains("internal topic");
    assertThat(problems.get(3)).contains("share the Kafka consumer group 't.s'");
  }

  @Test
  void namesByWhichDelayedMessagesWaitAreNotForOthers() {
    Topic orders = new Topic("orders", false);
    List<Source> sources =
        List.of(new Queue("payments.delayed", false), new Subscription(orders, "delayed"));
    Queue payments = new Queue("payments", false);
    Queue longest = new Queue("q".repeat(249), false);

    List<String> problems =
        transport().check(new Topology(List.of(payments, orders, longest), sources, List.of()));

    assertThat(problems)
        .hasSize(3)
        .anySatisfy(
            p ->
                assertThat(p)
                    .startsWith("Queue payments.delayed has the name 'payments.delayed'")
                    .contains("delayed messages to queue payments wait"))
        .anySatisfy(p -> assertThat(p).contains("has the name 'orders.delayed'"))
        .anySatisfy(p -> assertThat(p).contains("leaves no room for the name"));
  }

  @Test
  void delaysOfAnyLengthAreServed() {
    Capabilities capabilities = transport().capabilities(true);

    assertThat(capabilities.support(Feature.DELAY).level()).isEqualTo(Level.EMULATED);
    assertThat(capabilities.support(Feature.DELAY).serves(Duration.ofDays(10_000))).isTrue();
  }

  @Test
  void whatKafkaCanNotDoIsRefusedWithARemedy() {
    Capabilities capabilities = transport().capabilities(true);

    assertThat(capabilities.support(Feature.CANCEL).level()).isEqualTo(Level.REFUSED);
    assertThat(capabilities.support(Feature.CANCEL).note()).contains("let the handler ask");
    assertThat(capabilities.support(Feature.RETRY_AFTER).serves(Duration.ofDays(30))).isTrue();
    assertThat(capabilities.leaseDuration()).isNull();
  }

  @Test
  void aLargerRequestAllowsLargerBodies() {
    long usual = transport().capabilities(true).maxBodyBytes();
    KafkaTransport larger =
        KafkaTransport.builder()
            .bootstrapServers("host")
            .property("max.request.size", "2097152")
            .build();

    assertThat(larger.capabilities(true).maxBodyBytes()).isEqualTo(usual + 1024 * 1024);
  }

  private static KafkaTransport transport() {
    return KafkaTransport.builder().bootstrapServers("host:9092").build();
  }
}
