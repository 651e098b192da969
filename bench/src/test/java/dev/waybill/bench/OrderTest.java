package dev.waybill.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OrderTest {
  @Test
  void every_order_is_one_kibibyte_of_json_and_is_read_as_it_was_written() {
    for (long number : new long[] {0, 7, 999_999}) {
      Order order = Order.number(number, 100);

      assertThat(Json.encode(order)).hasSize(1_024);
      assertThat(Json.decode(Json.encode(order))).isEqualTo(order);
    }
  }
}
