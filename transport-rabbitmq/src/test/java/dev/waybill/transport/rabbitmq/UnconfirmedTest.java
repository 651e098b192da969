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
    assertThat(unconfirmed.lastsFor(NONE)).isTrue();
    unconfirmed.confirmed("a");

    assertThat(unconfirmed.lastsFor(NONE)).isFalse();
  }

  @Test
  void what_is_written_waits_from_then_on() {
    unconfirmed.written("a");

    assertThat(unconfirmed.lastsFor(LONG)).isFalse();
    await().until(() -> unconfirmed.lastsFor(Duration.ofMillis(1)));
  }

  @Test
  void confirms_of_one_queue_say_nothing_of_another() {
    unconfirmed.written("a");
    unconfirmed.written("b");
    unconfirmed.confirmed("b");

    assertThat(unconfirmed.lastsFor(NONE)).isTrue();
  }

  @Test
  void a_refusal_is_no_sign_of_life_and_a_confirm_is() {
    unconfirmed.written("a");
    unconfirmed.refused("a");
    assertThat(unconfirmed.lastsFor(NONE)).isTrue();

    unconfirmed.written("a");
    unconfirmed.confirmed("a");
    assertThat(unconfirmed.lastsFor(NONE)).isFalse();
  }
}
