package dev.waybill.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OrderTest {
  @Test
  void every_order_is_one_kibibyte_of_json_and_is_read_as_it_was_written() {
    for (long number : new long[] {0, 7, 999_999}) {
      Order order = new Orders(100).number(number);

      assertThat(Json.encode(order)).hasSize(1_024);
      assertThat(order.number()).isEqualTo(number);
      assertThat(Json.decode(Json.encode(order))).isEqualTo(order);
    }
  }

  @Test
  void an_order_is_of_the_size_that_a_bench_asks_for() {
    for (int bytes : Bench.BODIES.levels()) {
      assertThat(Json.encode(new Orders(100, bytes).number(5))).hasSize(bytes);
    }
  }
}
