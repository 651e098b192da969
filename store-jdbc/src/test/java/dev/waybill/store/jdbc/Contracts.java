package dev.waybill.store.jdbc;

import dev.waybill.routing.Routes;

/** The messages of these tests. */
final class Contracts {
  record Pay(String order, int number) {}

  record Paid(String order, int number) {}

  record Receipt(String order, int number) {}

  static final Routes ROUTES =
      Routes.define(
          r -> {
            r.command(Pay.class).named("pay.v1").toQueue("payments");
            r.event(Paid.class).named("paid.v1").toTopic("paid").keyedBy(Paid::order);
            r.document(Receipt.class).named("receipt.v1").toQueue("receipts");
          });

  private Contracts() {}
}
