package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP.BasicProperties;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.TransportConnection;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Messages that nobody here can read. */
class UnreadableTest {
  /** One more than the client reads. */
  private static final int LEVELS = 33;

  @Test
  void a_message_that_the_client_can_not_read_stops_its_own_queue_only_and_that_is_named()
      throws Exception {
    Recording poisoned = new Recording();
    Recording other = new Recording();
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8")) {
      try (TransportConnection connection = broker.transport().connect(Wires.DEADLINE)) {
        Receiver unused = connection.receive(new Queue("poisoned", false), 10, poisoned);
        Receiver unusedToo = connection.receive(new Queue("other", false), 10, other);
        broker.consumerOf("other");

        broker.consumerOf("poisoned").deliver(1, false, nested(), "x");
        ScriptedBroker.Consumer second = broker.consumerOf("other", 1);
        broker.consumerOf("poisoned", 1).deliver(1, true, nested(), "x");

        await()
            .atMost(Wires.DEADLINE)
            .until(
                () ->
                    poisoned.failures.stream()
                        .anyMatch(each -> each.code() == ErrorCode.UNDECODABLE));
        second.deliver(1, false, Map.of(), "fine");
        assertThat(Recording.settle(other.delivery(0), Settlement.accept()))
            .isEqualTo(Settlement.Result.SETTLED);
        assertThat(other.failures).hasSize(1);
        assertThat(last(poisoned.failures))
            .hasMessageContaining("the queue 'poisoned'")
            .hasMessageContaining("Take it out");
      }
    }
    await().atMost(Recording.LIMIT).untilAsserted(() -> assertThat(RabbitTest.threads()).isEmpty());
  }

  @Test
  void a_message_that_the_client_can_not_read_gives_no_connection_to_the_counting_of_instances()
      throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8")) {
      try (TransportConnection connection =
          broker.builder().partitions("a", 2).partitions("b", 2).build().connect(Wires.DEADLINE)) {
        Receiver unused = connection.receive(new Queue("a", true), 10, new Recording());
        Receiver unusedToo = connection.receive(new Queue("b", true), 10, new Recording());
        List<String> countings = List.of(Partitions.instances("a"), Partitions.instances("b"));
        countings.forEach(broker::consumerOf);

        broker.consumerOf(Partitions.queue("a", 0)).deliver(1, false, nested(), "x");

        List<ScriptedBroker.Peer> by =
            countings.stream().map(each -> broker.consumerOf(each, 1).peer()).distinct().toList();
        assertThat(by).hasSize(1);
      }
    }
  }

  @Test
  void a_message_with_a_header_that_fails_when_it_is_read_is_handed_over_as_unreadable() {
    Map<String, Object> headers = new HashMap<>();
    headers.put("ce-partitionkey", "key");
    headers.put(
        "odd",
        new Object() {
          @Override
          public String toString() {
            throw new IllegalStateException("secret");
          }
        });

    Reading reading =
        Reading.of(
            new BasicProperties.Builder().headers(headers).build(),
            "body".getBytes(StandardCharsets.UTF_8));

    assertThat(reading.failure().code()).isEqualTo(ErrorCode.UNDECODABLE);
    assertThat(reading.failure()).hasMessageNotContaining("secret").hasNoCause();
    assertThat(reading.message().key()).isEqualTo("key");
    assertThat(reading.message().body()).asString().isEqualTo("body");
  }

  private static MessagingException last(List<MessagingException> failures) {
    return failures.get(failures.size() - 1);
  }

  private static Map<String, Object> nested() {
    Object inner = "x";
    for (int i = 0; i < LEVELS; i++) {
      inner = List.of(inner);
    }
    return Map.of("deep", inner);
  }
}
