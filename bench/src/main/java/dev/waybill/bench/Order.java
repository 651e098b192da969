package dev.waybill.bench;

import java.util.List;

/** The message of all trials; {@link Orders} makes them. */
record Order(
    String orderId,
    String customer,
    String placedAt,
    String currency,
    long cents,
    List<Line> lines,
    String note) {

  /** What was ordered. */
  record Line(String sku, String title, int quantity, long cents) {}

  /** Numbers are written with as many digits as this has, so that all orders are of one size. */
  private static final long FIRST = 100_000_000L;

  /** The id of the order of a number. */
  static String id(long number) {
    return "order-" + (FIRST + number);
  }

  /** The number that it was made with. */
  long number() {
    return Long.parseLong(orderId, "order-".length(), orderId.length(), 10) - FIRST;
  }

  /** The customer of a number, who is the ordering key. */
  static String customer(long number) {
    return "customer-" + (FIRST + number);
  }
}
