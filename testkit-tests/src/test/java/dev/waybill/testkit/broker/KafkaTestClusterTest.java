package dev.waybill.testkit.broker;

import static dev.waybill.testkit.broker.BrokerLife.assertNothingIsLeftOf;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.testkit.BrokerFaults;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class KafkaTestClusterTest {

  @Test
  void goes_on_without_any_one_of_its_nodes() throws Exception {
    List<TestBroker> nodes;
    try (KafkaTestCluster cluster = KafkaTestCluster.start()) {
      assertThat(cluster.version()).isEqualTo("Kafka 4.4.0, 3 nodes");
      nodes = IntStream.rangeClosed(1, 3).mapToObj(cluster::node).toList();
      BrokerFaults faults = cluster.faults();
      Map<String, Object> client =
          Map.of("bootstrap.servers", cluster.uri().substring("kafka://".length()));
      try (Admin admin = Admin.create(client);
          KafkaProducer<String, String> producer =
              new KafkaProducer<>(client, new StringSerializer(), new StringSerializer())) {
        NewTopic topic = new NewTopic("kept", Optional.empty(), Optional.empty());
        admin.createTopics(List.of(topic)).all().get(60, SECONDS);
        awaitInSync(admin, 3);
        for (TestBroker node : nodes) {
          faults.stop();
          assertThat(BrokerLife.isOpen(node.port())).isFalse();
          producer.send(new ProducerRecord<>("kept", "without one")).get(100, SECONDS);
          faults.start();
          assertThat(BrokerLife.isOpen(node.port())).isTrue();
          awaitInSync(admin, 3);
        }
      }
    }
    nodes.forEach(node -> assertNothingIsLeftOf((KafkaTestBroker) node));
  }

  private static void awaitInSync(Admin admin, int count) {
    await()
        .atMost(Duration.ofMinutes(2))
        .ignoreExceptions()
        .until(
            () -> {
              TopicPartitionInfo partition =
                  admin
                      .describeTopics(List.of("kept"))
                      .allTopicNames()
                      .get(60, SECONDS)
                      .get("kept")
                      .partitions()
                      .get(0);
              return partition.isr().size() == count;
            });
  }
}
