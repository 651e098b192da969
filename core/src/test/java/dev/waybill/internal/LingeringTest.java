package dev.waybill.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LingeringTest {
  private final Lingering lingering = new Lingering(2);
  private final Turn turn =
      new Turn(new Lane(null), new Work(FakeDelivery.of("1", null)), Thread.currentThread());

  @Test
  void one_that_waits_is_given_its_turn() {
    assertThat(lingering.begin()).isTrue();
    give(turn);

    assertThat(lingering.await()).isSameAs(turn);
    assertThat(lingering.begin()).as("and may wait for the next").isTrue();
  }

  @Test
  void a_turn_that_is_given_as_the_wait_ends_is_not_lost() {
    assertThat(lingering.begin()).isTrue();
    assertThat(lingering.await()).isNull();
    give(turn);

    assertThat(lingering.end()).isSameAs(turn);
  }

  @Test
  void one_waits_at_a_time_and_none_before_the_last_has_its_turn() {
    assertThat(lingering.begin()).isTrue();
    assertThat(lingering.begin()).isFalse();
    give(turn);
    assertThat(lingering.take()).as("nobody else to be given one").isNull();
    assertThat(lingering.begin()).as("would take the turn of the first").isFalse();

    assertThat(lingering.await()).isSameAs(turn);
  }

  @Test
  void one_that_is_given_none_waits_on() {
    assertThat(lingering.begin()).isTrue();
    give(null);
    give(turn);

    assertThat(lingering.await()).isSameAs(turn);
  }

  @Test
  void where_one_has_waited_in_vain_more_and_more_go_at_once() {
    waitInVain();
    assertThat(beginsUntilOneWaits()).isEqualTo(2);
    lingering.await();
    assertThat(lingering.end()).isNull();
    assertThat(beginsUntilOneWaits()).isEqualTo(4);
    give(turn);
    assertThat(lingering.await()).isSameAs(turn);

    assertThat(beginsUntilOneWaits()).as("since that was not in vain").isEqualTo(1);
  }

  @Test
  void nobody_waits_where_that_would_keep_the_only_processor() {
    assertThat(new Lingering(1).begin()).isFalse();
  }

  @Test
  void a_turn_that_its_worker_is_not_given_leaves_whoever_began_it_interrupted() {
    Thread.currentThread().interrupt();

    turn.leave();

    assertThat(Thread.interrupted()).isTrue();
  }

  private void waitInVain() {
    assertThat(lingering.begin()).isTrue();
    assertThat(lingering.await()).isNull();
    assertThat(lingering.end()).isNull();
  }

  private int beginsUntilOneWaits() {
    int begins = 1;
    while (!lingering.begin()) {
      begins++;
    }
    return begins;
  }

  private void give(Turn given) {
    Thread waiting = lingering.take();
    assertThat(waiting).isSameAs(Thread.currentThread());
    lingering.give(given, waiting);
  }
}
