package dev.waybill.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;

/** A check that has never found anything proves nothing. */
class OnceTest {
  private final Orders orders = new Orders(1);
  private final Once once = new Once(2);

  @Test
  void when_each_has_been_seen_none_is_missing() {
    assertThat(once.missing()).isEqualTo(2);
    once.see(orders.number(1));
    assertThat(once.missing()).isEqualTo(1);
    once.see(orders.number(0));
    assertThat(once.missing()).isZero();
  }

  @Test
  void what_has_been_stored_twice_is_named() {
    once.see(orders.number(1));
    assertThatExceptionOfType(Failure.class)
        .isThrownBy(() -> once.see(orders.number(1)))
        .withMessageContaining(Order.id(1))
        .withMessageContaining("twice");
  }

  @Test
  void what_was_not_in_the_log_is_named() {
    assertThatExceptionOfType(Failure.class)
        .isThrownBy(() -> once.see(orders.number(2)))
        .withMessageContaining(Order.id(2));
  }
}
