package dev.waybill.internal;

import dev.waybill.MessageBus;
import dev.waybill.routing.Routes;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** The messages that the tests of the bus send and receive. */
final class Contracts {
  record OrderPlaced(String orderId, long cents) {}

  record OrderShipped(String orderId) {}

  record ProcessPayment(String orderId, long cents) {}

  record Invoice(String number) {}

  sealed interface PaymentResult {}

  record Paid(String orderId) implements PaymentResult {}

  record Declined(String orderId, String why) implements PaymentResult {}

  static final String PAYMENT = "{\"orderId\":\"o-1\",\"cents\":995}";

  static final Routes ROUTES =
      Routes.define(
          r -> {
            r.event(OrderPlaced.class)
                .named("orders.placed.v1")
                .toTopic("orders")
                .keyedBy(OrderPlaced::orderId);
            r.event(OrderShipped.class).named("orders.shipped.v1").toTopic("orders");
            r.command(ProcessPayment.class)
                .named("payments.process.v1")
                .toQueue("payments")
                .keyedBy(ProcessPayment::orderId);
            r.document(Invoice.class).named("invoices.invoice.v1").toQueue("invoices");
            r.reply(Paid.class).named("payments.paid.v1");
            r.reply(Declined.class).named("payments.declined.v1");
          });

  private Contracts() {}

  static MessageBus bus(FakeTransport transport, UnaryOperator<MessageBus.Builder> more) {
    return more.apply(MessageBus.over(transport).routes(ROUTES).named("test-service")).start();
  }

  /** A payment as our own sender would have sent it. */
  static FakeDelivery payment(String id) {
    return payment(id, PAYMENT, attributes -> {});
  }

  static FakeDelivery paymentOf(String order, String id) {
    return payment(order, id, PAYMENT, attributes -> {});
  }

  static FakeDelivery payment(String id, String body, Consumer<Map<String, String>> more) {
    return payment("o-1", id, body, more);
  }

  private static FakeDelivery payment(
      String order, String id, String body, Consumer<Map<String, String>> more) {
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put("id", id);
    attributes.put("type", "payments.process.v1");
    attributes.put("source", "shop");
    attributes.put("waybillkind", "command");
    attributes.put("correlationid", "conversation");
    more.accept(attributes);
    Map<String, String> headers =
        Map.of("traceparent", "00-1-2-01", "tracestate", "a=b", "wb-tenant", "acme");
    return new FakeDelivery(
        "payments@" + id, FakeDelivery.wire(body, attributes, headers, order), 1);
  }
}
