package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.KafkaFixture.DEADLINE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.testkit.broker.TestBrokers;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.CreateTopicsResult;
import org.apache.kafka.clients.admin.ForwardingAdmin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.internals.KafkaFutureImpl;
import org.junit.jupiter.api.Test;

class TopicAdminTest {
  private static final String FENCED =
      "Unable to replicate the partition 1 time(s): All brokers are currently fenced, or have all"
          + " their log directories cordoned.";

  private final String servers = TestBrokers.kafka().uri().substring("kafka://".length());
  private final AtomicInteger asked = new AtomicInteger();

  @Test
  void topics_are_asked_for_again_while_all_brokers_are_taken_for_dead() throws Exception {
    TopicSpec wanted = wanted();
    try (ForwardingAdmin admin = refusing(2)) {
      assertThat(new TopicAdmin(admin, Deadline.in(DEADLINE)).create(List.of(wanted))).isEmpty();

      assertThat(asked).hasValue(3);
      assertThat(admin.listTopics().names().get()).contains(wanted.name());
    }
  }

  @Test
  void that_all_brokers_are_taken_for_dead_is_told_when_time_is_over() {
    TopicSpec wanted = wanted();
    try (ForwardingAdmin admin = refusing(Integer.MAX_VALUE)) {
      Deadline deadline = Deadline.in(Duration.ofMillis(1_500));

      assertThat(new TopicAdmin(admin, deadline).create(List.of(wanted)))
          .hasEntrySatisfying(
              wanted.name(),
              problem -> assertThat(problem).contains("brokers are currently fenced"));
    }
  }

  private TopicSpec wanted() {
    return new TopicSpecs(TestSettings.of(servers, DEADLINE, Map.of()))
        .delayTopic(KafkaFixture.unique("queue"));
  }

  /** An admin client, to whom the controller says so some times. */
  private ForwardingAdmin refusing(int times) {
    return new ForwardingAdmin(Map.of("bootstrap.servers", servers)) {
      @Override
      public CreateTopicsResult createTopics(
          Collection<NewTopic> topics, CreateTopicsOptions options) {
        return asked.incrementAndGet() > times
            ? super.createTopics(topics, options)
            : new Refused(
                topics.stream().map(NewTopic::name).collect(Collectors.toSet()),
                new InvalidReplicationFactorException(FENCED));
      }
    };
  }

  private static final class Refused extends CreateTopicsResult {
    Refused(Set<String> topics, RuntimeException why) {
      super(topics.stream().collect(Collectors.toMap(name -> name, name -> failed(why))));
    }

    private static KafkaFuture<TopicMetadataAndConfig> failed(RuntimeException why) {
      KafkaFutureImpl<TopicMetadataAndConfig> future = new KafkaFutureImpl<>();
      future.completeExceptionally(why);
      return future;
    }
  }
}
