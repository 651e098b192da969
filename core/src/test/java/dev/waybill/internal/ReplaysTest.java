package dev.waybill.internal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.deadletter.Replay;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.WireMessage;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReplaysTest {
  private static final Instant NOW = Instant.parse("2026-11-26T10:00:00Z");
  private static final Source PAYMENTS = new Queue("payments", true);
  private static final Source BILLING = new Subscription(new Topic("orders", true), "billing");

  private final WireMessage stored =
      new WireMessage(
          "{}".getBytes(UTF_8),
          "application/json",
          Map.of("id", "m-1", "expirytime", "2026-11-26T09:59:59Z", "partitionkey", "k"),
          Map.of("wb-tenant", "t", "traceparent", "00-1", "waybill-dead-letter-reason", "why"),
          "k",
          null);

  @Test
  void a_replay_is_the_message_without_evidence_and_with_the_mark() {
    WireMessage replay = Replays.of(stored, BILLING, Replay.sameId(), NOW);

    assertThat(replay.headers())
        .isEqualTo(
            Map.of(
                "wb-tenant", "t",
                "traceparent", "00-1",
                "waybill-replay", "orders.billing",
                "waybill-replay-time", "2026-11-26T10:00:00Z"));
    assertThat(replay.body()).isEqualTo(stored.body());
    assertThat(replay.contentType()).isEqualTo("application/json");
    assertThat(replay.key()).isEqualTo("k");
    assertThat(replay.id()).isEqualTo("m-1");
  }

  @Test
  void a_time_of_expiry_is_left_out_when_it_has_passed_and_only_then() {
    Instant before = Instant.parse("2026-11-26T09:00:00Z");
    assertThat(Replays.of(stored, PAYMENTS, Replay.sameId(), NOW).attributes())
        .doesNotContainKey("expirytime");
    assertThat(Replays.of(stored, PAYMENTS, Replay.sameId(), before).attributes())
        .isEqualTo(stored.attributes());
  }

  @Test
  void a_new_id_is_another_one_each_time() {
    Replay how = Replay.sameId().withNewIds();
    assertThat(Replays.of(stored, PAYMENTS, how, NOW).id())
        .isNotEqualTo("m-1")
        .isNotEqualTo(Replays.of(stored, PAYMENTS, how, NOW).id());
  }

  @Test
  void a_replay_is_for_one_subscription_of_its_topic_and_any_other_message_for_all() {
    WireMessage replay = Replays.of(stored, BILLING, Replay.sameId(), NOW);

    assertThat(Replays.isReplay(replay)).isTrue();
    assertThat(Replays.isForOthers(replay, BILLING)).isFalse();
    assertThat(Replays.isForOthers(replay, new Subscription(new Topic("orders", true), "mail")))
        .isTrue();
    assertThat(Replays.isForOthers(replay, PAYMENTS)).as("moved there by somebody").isFalse();
    assertThat(Replays.isReplay(stored)).isFalse();
    assertThat(Replays.isForOthers(stored, PAYMENTS)).isFalse();
  }

  @Test
  void an_edited_dead_letter_keeps_its_evidence() {
    WireMessage edited = Replays.edited(stored, "[]".getBytes(UTF_8), NOW);

    assertThat(edited.body()).asString(UTF_8).isEqualTo("[]");
    assertThat(edited.attributes()).isEqualTo(stored.attributes());
    assertThat(edited.headers())
        .containsAllEntriesOf(stored.headers())
        .containsEntry("waybill-dead-letter-edited", "2026-11-26T10:00:00Z")
        .hasSize(4);
  }
}
