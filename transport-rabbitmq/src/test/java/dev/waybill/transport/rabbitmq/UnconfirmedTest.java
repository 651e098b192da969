package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class UnconfirmedTest {
  private static final Duration NONE = Duration.ofNanos(-1);
  private static final Duration LONG = Duration.ofHours(1);

  private final Unconfirmed unconfirmed = new Unconfirmed();

  @Test
  void what_is_all_confirmed_waits_for_nothing() {
    unconfirmed.written("a");
    unconfirmed.written("a");
    unconfirmed.confirmed("a");
    assertThat(unconfirmed.isSilentFor(NONE)).isTrue();
    unconfirmed.confirmed("a");

    assertThat(unconfirmed.isSilentFor(NONE)).isFalse();
  }

  @Test
  void what_is_written_waits_from_then_on() {
    unconfirmed.written("a");

    assertThat(unconfirmed.isSilentFor(LONG)).isFalse();
    await().until(() -> unconfirmed.isSilentFor(Duration.ofMillis(1)));
  }

  @Test
  void confirms_of_one_queue_say_nothing_of_another() {
    unconfirmed.written("a");
    unconfirmed.written("b");
    unconfirmed.confirmed("b");

    assertThat(unconfirmed.isSilentFor(NONE)).isTrue();
  }

  @Test
  void a_refusal_is_an_answer_and_no_confirm() {
    unconfirmed.written("a");
    unconfirmed.refused("a");

    assertThat(unconfirmed.isSilentFor(NONE)).isFalse();
    assertThat(unconfirmed.isRefusedFor(NONE)).isTrue();
    assertThat(unconfirmed.isRefusedFor(LONG)).isFalse();
  }

  @Test
  void what_waits_behind_a_refusal_waits_from_then_on() {
    unconfirmed.written("a");
    unconfirmed.written("a");
    unconfirmed.refused("a");

    assertThat(unconfirmed.isSilentFor(LONG)).isFalse();
    assertThat(unconfirmed.isSilentFor(NONE)).isTrue();
  }

  @Test
  void refusals_last_until_a_confirm_however_many_there_are() {
    unconfirmed.written("a");
    unconfirmed.refused("a");
    await().until(() -> unconfirmed.isRefusedFor(Duration.ofMillis(1)));
    unconfirmed.written("a");
    unconfirmed.refused("a");
    assertThat(unconfirmed.isRefusedFor(Duration.ofMillis(1))).isTrue();

    unconfirmed.written("a");
    unconfirmed.confirmed("a");
    assertThat(unconfirmed.isRefusedFor(NONE)).isFalse();
  }
}
