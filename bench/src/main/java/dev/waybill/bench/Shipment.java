package dev.waybill.bench;

import java.util.List;

/** What a handler sends of an order, as large as that. */
record Shipment(
    String orderId,
    String customer,
    String placedAt,
    String currency,
    long cents,
    List<Order.Line> lines,
    String note) {

  static Shipment of(Order order) {
    return new Shipment(
        order.orderId(),
        order.customer(),
        order.placedAt(),
        order.currency(),
        order.cents(),
        order.lines(),
        order.note());
  }
}
