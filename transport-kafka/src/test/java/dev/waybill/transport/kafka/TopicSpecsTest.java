package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.routing.Queue;
import dev.waybill.transport.Topology;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TopicSpecsTest {
  @Test
  void topics_are_made_with_room_for_the_largest_message_whatever_the_brokers_default_is() {
    Queue queue = new Queue("q", false);
    Topology topology =
        new Topology(List.of(queue), List.of(queue), List.of(queue.deadLetterQueue()));

    Map<String, TopicSpec> specs =
        new TopicSpecs(TestSettings.of("h:1", Duration.ofSeconds(1), new PropertySources()))
            .of(topology);

    assertThat(specs).hasSize(2);
    specs
        .values()
        .forEach(
            spec ->
                assertThat(Integer.parseInt(spec.toMake().configs().get("max.message.bytes")))
                    .isGreaterThanOrEqualTo(spec.largest()));
  }
}
