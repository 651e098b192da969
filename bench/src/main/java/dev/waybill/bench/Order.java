package dev.waybill.bench;

import java.util.List;

/** The message of all trials: 1,024 bytes of JSON. */
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

  private static final List<Line> LINES =
      List.of(
          new Line("sku-1001", "Kettle, steel, 1.7 l", 1, 3495),
          new Line("sku-1002", "Teapot, china, white", 1, 2995),
          new Line("sku-1003", "Cup, china, white, 0.2 l", 6, 795),
          new Line("sku-1004", "Saucer, china, white", 6, 495),
          new Line("sku-1005", "Tea, black, loose, 250 g", 2, 895),
          new Line("sku-1006", "Sugar, brown, 500 g", 1, 295));

  private static final String NOTE =
      "Leave it with the neighbours at number twelve if nobody opens, and ring twice, please. ";

  /** The note that fills an order up to 1,024 bytes. */
  private static final String FILLING = NOTE.repeat(6).substring(0, 419);

  /** The order of a number, of one of the customers in turn. */
  static Order number(long number, int customers) {
    return new Order(
        "order-" + (FIRST + number),
        customer(number % customers),
        "2026-01-01T12:00:00Z",
        "EUR",
        20_135,
        LINES,
        FILLING);
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
