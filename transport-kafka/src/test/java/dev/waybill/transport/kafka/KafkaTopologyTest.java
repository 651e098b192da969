package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.KafkaFixture.message;
import static dev.waybill.transport.kafka.KafkaFixture.queue;
import static dev.waybill.transport.kafka.KafkaFixture.send;
import static dev.waybill.transport.kafka.KafkaFixture.subscription;
import static dev.waybill.transport.kafka.KafkaFixture.topic;
import static dev.waybill.transport.kafka.KafkaFixture.topology;
import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.routing.Queue;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.TransportConnection;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSource;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KafkaTopologyTest {
  private final KafkaFixture kafka = new KafkaFixture(TestBrokers.kafka());
  private final Queue queue = queue();
  private final Topic topic = topic();
  private final Subscription subscription = subscription(topic, "s");

  @AfterEach
  void close() {
    kafka.close();
  }

  @Test
  void createMakesWhatIsMissingAndLeavesTheRest() throws Exception {
    TransportConnection connection = kafka.prepared(queue, topic, subscription);

    kafka.prepared(kafka.unsaid(), queue, topic, subscription);

    Map<String, TopicDescription> topics =
        admin(connection)
            .describeTopics(List.of(queue.name(), topic.name(), queue.deadLetterQueue().name()))
            .allTopicNames()
            .get();
    assertThat(topics.get(queue.name()).partitions()).hasSize(3);
    assertThat(topics.get(topic.name()).partitions()).hasSize(3);
    assertThat(topics.get(queue.deadLetterQueue().name()).partitions()).hasSize(1);
  }

  @Test
  void deadLettersAreKeptForEver() throws Exception {
    TransportConnection connection = kafka.prepared(queue);
    ConfigResource letters =
        new ConfigResource(ConfigResource.Type.TOPIC, queue.deadLetterQueue().name());

    var config = admin(connection).describeConfigs(List.of(letters)).all().get().get(letters);

    assertThat(config.get("retention.ms").value()).isEqualTo("-1");
    assertThat(config.entries())
        .as("of its own, whatever the broker says of its other topics")
        .filteredOn(entry -> entry.source() == ConfigSource.DYNAMIC_TOPIC_CONFIG)
        .anySatisfy(
            entry -> {
              assertThat(entry.name()).isEqualTo("retention.bytes");
              assertThat(entry.value()).isEqualTo("-1");
            });
  }

  @Test
  void verifyNamesAllThatIsMissingAndMakesNothing() throws Exception {
    TransportConnection connection = kafka.connect();

    for (int i = 0; i < 2; i++) {
      List<String> problems = connection.prepare(topology(queue, topic, subscription), Mode.VERIFY);
      assertThat(problems)
          .hasSize(5)
          .anySatisfy(p -> assertThat(p).contains("'" + queue.name() + "'"))
          .anySatisfy(p -> assertThat(p).contains("'" + queue.name() + ".dlq'"))
          .anySatisfy(p -> assertThat(p).contains("'" + topic.name() + "'"))
          .anySatisfy(p -> assertThat(p).contains("'" + topic.name() + ".s.dlq'"))
          .anySatisfy(p -> assertThat(p).contains("consumer group '" + topic.name() + ".s'"));
    }
    assertThat(admin(connection).listTopics().names().get())
        .doesNotContain(queue.name(), topic.name());
  }

  @Test
  void verifyIsContentWithWhatCreateMade() {
    kafka.prepared(queue, topic, subscription);

    assertThat(kafka.connect().prepare(topology(queue, topic, subscription), Mode.VERIFY))
        .isEmpty();
  }

  @Test
  void assumeMakesAndReportsNothing() throws Exception {
    TransportConnection connection = kafka.connect();

    assertThat(connection.prepare(topology(queue, topic, subscription), Mode.ASSUME)).isEmpty();

    assertThat(admin(connection).listTopics().names().get())
        .doesNotContain(queue.name(), topic.name());
  }

  @Test
  void anAssumedSubscriptionWithoutABeginningGetsWhatIsKept() throws Exception {
    TransportConnection connection = kafka.prepared(topic);
    send(connection, topic, message("before"));
    connection.prepare(topology(topic, subscription), Mode.ASSUME);
    Inbox inbox = new Inbox();

    connection.receive(subscription, 1, inbox);

    assertThat(Inbox.text(inbox.next())).isEqualTo("before");
  }

  @Test
  void aSecondStartDoesNotMoveASubscription() throws Exception {
    TransportConnection connection = kafka.prepared(topic, subscription);
    send(connection, topic, message("between"));

    TransportConnection second = kafka.prepared(topic, subscription);

    Inbox inbox = new Inbox();
    second.receive(subscription, 1, inbox);
    assertThat(Inbox.text(inbox.next())).isEqualTo("between");
  }

  @Test
  void aStartBesideARunningReceiverChangesNothing() throws Exception {
    TransportConnection connection = kafka.prepared(topic, subscription);
    Inbox inbox = new Inbox();
    connection.receive(subscription, 10, inbox);
    send(connection, topic, message("one"));
    inbox.next();

    kafka.prepared(topic, subscription);

    send(connection, topic, message("two"));
    assertThat(Inbox.text(inbox.next())).isEqualTo("two");
  }

  @Test
  void aPartitionAddedLaterIsReadFromItsBeginning() throws Exception {
    TransportConnection connection = kafka.prepared(topic, subscription);
    admin(connection)
        .createPartitions(Map.of(topic.name(), NewPartitions.increaseTo(12)))
        .all()
        .get();
    TransportConnection later = kafka.prepared(kafka.unsaid(), topic, subscription);
    for (int i = 0; i < 40; i++) {
      send(later, topic, KafkaFixture.keyed("key" + i, "" + i));
    }
    Inbox inbox = new Inbox();

    later.receive(subscription, 100, inbox);

    assertThat(inbox.next(40)).hasSize(40);
  }

  private static Admin admin(TransportConnection connection) {
    return connection.unwrap(Admin.class).orElseThrow();
  }
}
