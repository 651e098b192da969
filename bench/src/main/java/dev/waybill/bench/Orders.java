package dev.waybill.bench;

import dev.waybill.bench.Order.Line;
import java.util.List;

/** Makes the orders of a trial, of one size and of customers in turn. */
final class Orders {
  /** The size of an order as JSON, unless a bench varies it. */
  static final int BYTES = 1_024;

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

  /** How long the note of such an order is; told, because JSON would be loaded to find it out. */
  private static final int FILLED = 419;

  private final int customers;
  private final boolean bare;

  /** What fills an order up to its size. */
  private final String note;

  Orders(int customers) {
    this(customers, BYTES);
  }

  /**
   * Orders of a size.
   *
   * @param bytes as JSON; below 1,024 without lines, time and currency
   */
  Orders(int customers, int bytes) {
    this.customers = customers;
    this.bare = bytes < BYTES;
    int filled = bytes == BYTES ? FILLED : bytes - Json.encode(order(0, "")).length;
    if (filled < 0) {
      throw new Failure("No order has only " + bytes + " bytes");
    }
    this.note = NOTE.repeat(filled / NOTE.length() + 1).substring(0, filled);
  }

  int customers() {
    return customers;
  }

  /** The order of a number. */
  Order number(long number) {
    return order(number, note);
  }

  private Order order(long number, String filling) {
    return new Order(
        Order.id(number),
        Order.customer(number % customers),
        bare ? "" : "2026-01-01T12:00:00Z",
        bare ? "" : "EUR",
        20_135,
        bare ? List.of() : LINES,
        filling);
  }
}
