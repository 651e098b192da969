package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.KafkaFixture.topology;
import static dev.waybill.transport.kafka.KafkaFixture.unique;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.waybill.MessageBus;
import dev.waybill.error.ConfigurationException;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Routes;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.KafkaTestBroker;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.FeatureUpdate;
import org.apache.kafka.clients.admin.UpdateFeaturesOptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a start with share groups refuses, and makes. */
class KafkaShareStartTest {
  record Pay(String account) {}

  record Told(String account) {}

  record Refresh(int number) {}

  private final KafkaFixture kafka = new KafkaFixture(TestBrokers.kafka());
  private final Queue queue = new Queue(unique("queue"), false);
  private final Subscription subscription =
      new Subscription(new Topic(unique("topic"), false), "one");

  @AfterEach
  void close() {
    kafka.close();
  }

  @Test
  void routes_with_keys_and_names_that_nobody_receives_from_are_refused_together() {
    Transport transport =
        KafkaTransport.builder()
            .bootstrapServers("localhost:1")
            .shareGroup("payments")
            .shareGroup("told", "books")
            .shareGroup("refreshs")
            .shareGroup("refreshes.dlq")
            .build();
    Routes routes =
        Routes.define(
            r -> {
              r.command(Pay.class).named("pay").toQueue("payments").keyedBy(Pay::account);
              r.event(Told.class).named("told").toTopic("told").keyedBy(Told::account);
              r.command(Refresh.class).named("refresh").toQueue("refreshes");
            });

    assertThatThrownBy(
            () ->
                MessageBus.over(transport)
                    .routes(routes)
                    .consume("payments", c -> c.onCommand(Pay.class, (m, x) -> {}))
                    .subscribe("told", "books", c -> c.onEvent(Told.class, (m, x) -> {}))
                    .consume("refreshes", c -> c.onCommand(Refresh.class, (m, x) -> {}))
                    .start())
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("payments, whose messages have keys, needs ORDER_PER_KEY")
        .hasMessageContaining(
            "subscription books of topic told, whose messages have keys, needs ORDER_PER_KEY")
        .hasMessageContaining("leave out shareGroup(…)")
        .hasMessageContaining("names 'refreshs', which this bus does not receive from")
        .hasMessageContaining("shareGroup(\"refreshes.dlq\")");
  }

  @Test
  void a_lock_of_no_length_is_refused() {
    assertThatThrownBy(() -> kafka.builder().recordLock(Duration.ZERO).build())
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("recordLock(PT0S)");
  }

  @Test
  void a_broker_without_share_groups_is_refused_with_its_version_and_the_remedy() throws Exception {
    try (KafkaTestBroker old = ShareBrokers.quick().start();
        Admin admin = Admin.create(Map.of("bootstrap.servers", "127.0.0.1:" + old.port()))) {
      var none = new FeatureUpdate((short) 0, FeatureUpdate.UpgradeType.SAFE_DOWNGRADE);
      admin.updateFeatures(Map.of("share.version", none), new UpdateFeaturesOptions()).all().get();
      // which the controller has said, and not the broker yet
      await().atMost(KafkaFixture.DEADLINE).until(() -> !hasShareGroups(admin));
      KafkaTransport transport =
          KafkaTransport.builder()
              .bootstrapServers("127.0.0.1:" + old.port())
              .shareGroup(queue.name())
              .shareGroup(subscription.topic().name(), subscription.subscriber())
              .build();
      Topology both =
          topology(queue, subscription.topic(), subscription, new Queue(unique("plain"), false));
      try (TransportConnection connection = transport.connect(KafkaFixture.DEADLINE)) {
        for (Topology.Mode mode : Topology.Mode.values()) {
          assertThat(connection.prepare(both, mode))
              .hasSize(2)
              .allMatch(problem -> problem.contains("share.version 0"))
              .allMatch(problem -> problem.contains("metadata.version"))
              .allMatch(problem -> problem.contains("or leave out shareGroup(…)"))
              .anyMatch(problem -> problem.contains(queue.toString()))
              .anyMatch(problem -> problem.contains(subscription.toString()));
        }
      }
    }
  }

  private static boolean hasShareGroups(Admin admin) throws Exception {
    var version =
        admin.describeFeatures().featureMetadata().get().finalizedFeatures().get("share.version");
    return version != null && version.maxVersionLevel() > 0;
  }

  @Test
  void what_create_has_made_verify_finds() {
    KafkaTransport.Builder shared = kafka.builder().shareGroups();
    Topology both = topology(queue, subscription.topic(), subscription);
    TransportConnection connection = kafka.connect(shared);

    assertThat(connection.prepare(both, Topology.Mode.VERIFY)).isNotEmpty();
    assertThat(connection.prepare(both, Topology.Mode.CREATE)).isEmpty();
    assertThat(connection.prepare(both, Topology.Mode.CREATE)).isEmpty();
    assertThat(connection.prepare(both, Topology.Mode.VERIFY)).isEmpty();
  }

  @Test
  void verify_names_a_subscription_that_has_not_begun_and_what_is_not_configured() {
    TransportConnection connection = kafka.prepared(subscription.topic(), queue);
    TransportConnection shared = kafka.connect(kafka.builder().shareGroups());

    assertThat(shared.prepare(topology(subscription.topic(), subscription), Topology.Mode.VERIFY))
        .anyMatch(problem -> problem.contains("has no offsets"))
        .anyMatch(problem -> problem.contains("share.isolation.level=read_uncommitted"))
        .anyMatch(problem -> problem.contains("share.auto.offset.reset=latest"));
    assertThat(connection.brokerVersion()).contains("share.version 2");
  }

  @Test
  void a_group_with_another_lock_is_reported_and_left_as_it_is() {
    kafka.prepared(kafka.builder().shareGroups(), queue);
    TransportConnection other =
        kafka.connect(kafka.builder().shareGroups().recordLock(Duration.ofSeconds(20)));

    for (Topology.Mode mode : List.of(Topology.Mode.CREATE, Topology.Mode.VERIFY)) {
      assertThat(other.prepare(topology(queue), mode))
          .singleElement()
          .asString()
          .contains("share.record.lock.duration.ms=30000 instead of 20000", "recordLock(…)");
    }
  }

  @Test
  void a_lock_that_the_broker_does_not_allow_is_reported_with_its_reason() {
    TransportConnection connection =
        kafka.connect(kafka.builder().shareGroups().recordLock(Duration.ofMinutes(30)));

    assertThat(connection.prepare(topology(queue), Topology.Mode.CREATE))
        .singleElement()
        .asString()
        .contains("share.record.lock.duration.ms=1800000", queue.toString(), "recordLock(…)");
  }

  @Test
  void a_consumer_group_of_the_same_name_is_not_taken_over() throws Exception {
    TransportConnection plain = kafka.prepared(queue);
    Inbox inbox = new Inbox();
    Receiver receiver = plain.receive(queue, 1, inbox);
    KafkaFixture.send(plain, queue, KafkaFixture.message("a"));
    Inbox.accept(inbox.next());
    receiver.close();

    assertThat(
            kafka
                .connect(kafka.builder().shareGroup(queue.name()))
                .prepare(topology(queue), Topology.Mode.CREATE))
        .singleElement()
        .asString()
        .contains("is a consumer group", "kafka-consumer-groups --delete");
  }
}
