package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CreditTest {
  private final AtomicInteger wakes = new AtomicInteger();

  private Credit usedUp(int max) {
    Credit credit = new Credit(max, wakes::incrementAndGet);
    for (int i = 0; i < max; i++) {
      assertThat(credit.take()).isTrue();
    }
    assertThat(credit.mayComeUnnoticed()).isFalse();
    return credit;
  }

  @Test
  void there_is_as_much_as_was_given_and_no_more() {
    Credit credit = usedUp(3);

    assertThat(credit.take()).isFalse();
    credit.giveBack(1);
    assertThat(credit.take()).isTrue();
    assertThat(credit.take()).isFalse();
  }

  @Test
  void nobody_is_woken_who_did_not_want_any() {
    usedUp(3).giveBack(3);

    assertThat(wakes).hasValue(0);
  }

  @Test
  void a_small_credit_wakes_with_the_first_that_comes_back_and_once() {
    Credit credit = usedUp(3);
    assertThat(credit.take()).isFalse();
    assertThat(credit.mayComeUnnoticed()).isFalse();

    credit.giveBack(1);
    credit.giveBack(1);

    assertThat(wakes).hasValue(1);
  }

  @Test
  void a_large_credit_wakes_when_a_part_has_come_back_and_what_has_can_be_taken_before() {
    Credit credit = usedUp(160);
    assertThat(credit.take()).isFalse();

    for (int i = 0; i < 9; i++) {
      credit.giveBack(1);
    }
    assertThat(wakes).hasValue(0);
    assertThat(credit.mayComeUnnoticed()).isTrue();
    credit.giveBack(1);
    assertThat(wakes).hasValue(1);
    assertThat(credit.mayComeUnnoticed()).isFalse();
    for (int i = 0; i < 10; i++) {
      assertThat(credit.take()).isTrue();
    }
    assertThat(credit.take()).isFalse();
  }

  @Test
  void a_small_credit_wakes_with_the_first_that_is_not_of_the_reserve() {
    Credit credit = new Credit(8, 2, wakes::incrementAndGet);
    assertThat(credit.take(8)).isEqualTo(6);
    credit.want();
    assertThat(credit.mayComeUnnoticed()).isFalse();

    credit.giveBack(1);

    assertThat(wakes).hasValue(1);
  }

  @Test
  void who_finds_none_but_of_busy_keys_is_woken_by_the_first_of_these_that_is_freed() {
    Credit credit = new Credit(64, 16, wakes::incrementAndGet);
    assertThat(credit.take(64)).isEqualTo(48);
    credit.keyFreed();
    credit.putBack(credit.takeWithReserve(10));
    credit.wantOrKey();
    assertThat(wakes).hasValue(0);

    credit.keyFreed();
    credit.keyFreed();
    assertThat(wakes).hasValue(1);

    credit.putBack(credit.takeWithReserve(10));
    credit.keyFreed();
    credit.wantOrKey();
    assertThat(wakes).as("one that was freed just before").hasValue(2);
  }

  @Test
  void what_was_taken_and_is_not_needed_wakes_nobody() {
    Credit credit = new Credit(1, wakes::incrementAndGet);

    for (int i = 0; i < 3; i++) {
      assertThat(credit.take(2)).isEqualTo(1);
      credit.giveBack(1);
    }

    assertThat(wakes).hasValue(0);
  }

  @Test
  void what_is_wanted_when_it_has_come_back_already_wakes_at_once() {
    Credit credit = usedUp(1);

    assertThat(credit.take(1)).isZero();
    credit.giveBack(1);
    credit.want();

    assertThat(wakes).hasValue(1);
    assertThat(credit.take()).isTrue();
  }
}
