package dev.waybill.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SeamValuesTest {
  @Test
  void aTopologyKeepsItsListsThoughTheCallerChangesHis() {
    Queue queue = new Queue("q", false);
    List<Channel> channels = new ArrayList<>(List.of(queue));
    List<Source> sources = new ArrayList<>(List.of(queue));
    List<Queue> deadLetterQueues = new ArrayList<>(List.of(queue.deadLetterQueue()));
    Topology topology = new Topology(channels, sources, deadLetterQueues);

    channels.clear();
    sources.clear();
    deadLetterQueues.clear();

    assertThat(topology)
        .isEqualTo(
            new Topology(List.of(queue), List.of(queue), List.of(new Queue("q.dlq", false))));
  }

  @Test
  void evidenceIsKeptThoughTheCallerChangesHis() {
    Map<String, String> evidence = new HashMap<>(Map.of("waybill-reason", "r"));
    Settlement.Reject reject = new Settlement.Reject("r", evidence);

    evidence.clear();

    assertThat(reject.evidence()).containsExactly(Map.entry("waybill-reason", "r"));
  }

  @Test
  void acceptancesAreAllTheSame() {
    assertThat(Settlement.accept())
        .isSameAs(Settlement.accept())
        .isEqualTo(new Settlement.Accept());
  }
}
