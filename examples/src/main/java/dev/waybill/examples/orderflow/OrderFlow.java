package dev.waybill.examples.orderflow;

import static dev.waybill.delivery.FailurePolicy.retry;
import static java.time.Duration.ofSeconds;

import dev.waybill.Command;
import dev.waybill.DeadLetter;
import dev.waybill.Event;
import dev.waybill.HandlerContext;
import dev.waybill.MessageBus;
import dev.waybill.routing.Routes;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The order flow: an order is placed; billing asks for its payment; payment reports it; shipping
 * waits for both. Routes and handlers of four services in one file, and not a word about a broker.
 */
public final class OrderFlow {
  /** The fact that an order was placed. */
  public record OrderPlaced(String orderId, long cents) {}

  /** Asks payment to charge an order. */
  public record ProcessPayment(String orderId, long cents) {}

  /** The fact that an order was paid. */
  public record PaymentProcessed(String orderId) {}

  /** What the card's bank answers when it is out of order. */
  public static final class BankUnavailable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BankUnavailable(String message) {
      super(message);
    }
  }

  /** The order whose payment fails twice. */
  public static final String SHAKY = "o-2-shaky";

  /** The order whose payment always fails. */
  public static final String POISONED = "o-3-poisoned";

  /** What is sent where. */
  public static final Routes ROUTES =
      Routes.define(
          r -> {
            r.event(OrderPlaced.class)
                .named("orders.order-placed.v1")
                .toTopic("orders")
                .keyedBy(OrderPlaced::orderId);
            r.command(ProcessPayment.class)
                .named("payments.process.v1")
                .toQueue("payments")
                .keyedBy(ProcessPayment::orderId);
            r.event(PaymentProcessed.class)
                .named("payments.processed.v1")
                .toTopic("payments-processed")
                .keyedBy(PaymentProcessed::orderId);
          });

  private final History history;
  private final Map<String, Set<String>> arrived = new ConcurrentHashMap<>();
  private final AtomicInteger shakyFailures = new AtomicInteger();

  private OrderFlow(History history) {
    this.history = history;
  }

  /** Adds routes and handlers to a bus, whatever carries it. */
  public static MessageBus.Builder on(MessageBus.Builder bus, History history) {
    OrderFlow flow = new OrderFlow(history);
    return bus.named("order-flow")
        .routes(ROUTES)
        .subscribe("orders", "billing", c -> c.onEvent(OrderPlaced.class, flow::bill))
        .subscribe("orders", "shipping", c -> c.onEvent(OrderPlaced.class, flow::expectShipping))
        .consume(
            "payments",
            c ->
                c.onCommand(ProcessPayment.class, flow::pay)
                    .onFailure(retry(1).thenAfter(ofSeconds(1)).thenDeadLetter()))
        .subscribe(
            "payments-processed", "shipping", c -> c.onEvent(PaymentProcessed.class, flow::ship))
        .consumeDeadLetters("payments", flow::investigate);
  }

  private void bill(Event<OrderPlaced> event, HandlerContext context) {
    OrderPlaced order = event.payload();
    context.send(new ProcessPayment(order.orderId(), order.cents()));
    history.add(
        order.orderId(),
        History.Step.BILLED,
        context,
        "asks for %d cents".formatted(order.cents()));
  }

  private void pay(Command<ProcessPayment> command, HandlerContext context) {
    String order = command.payload().orderId();
    if (order.equals(POISONED) || (order.equals(SHAKY) && shakyFailures.incrementAndGet() <= 2)) {
      history.add(order, History.Step.PAYMENT_FAILED, context, "the bank is out of order");
      throw new BankUnavailable("no answer from the bank for " + order);
    }
    context.publish(new PaymentProcessed(order));
    history.add(order, History.Step.PAID, context, "%d cents".formatted(command.payload().cents()));
  }

  private void expectShipping(Event<OrderPlaced> event, HandlerContext context) {
    history.add(
        event.payload().orderId(), History.Step.SHIPPING_EXPECTED, context, "the parcel is packed");
    shipWhenComplete(event.payload().orderId(), "placed");
  }

  private void ship(Event<PaymentProcessed> event, HandlerContext context) {
    history.add(
        event.payload().orderId(), History.Step.PAYMENT_SEEN, context, "the payment is known");
    shipWhenComplete(event.payload().orderId(), "paid");
  }

  private void shipWhenComplete(String order, String what) {
    Set<String> known = arrived.computeIfAbsent(order, o -> ConcurrentHashMap.newKeySet());
    boolean complete;
    synchronized (known) {
      complete = known.add(what) && known.size() == 2;
    }
    if (complete) {
      history.add(order, History.Step.SHIPPED, "shipping", 1, "placed and paid");
    }
  }

  private void investigate(DeadLetter letter) {
    String thrown = letter.exceptionClass();
    String evidence =
        "%s%s, %d attempts at %s"
            .formatted(
                letter.reason().replaceFirst("expired at .*", "expired"),
                thrown == null ? "" : " (" + thrown.replaceFirst(".*[.$]", "") + ")",
                letter.attempts(),
                letter.channel());
    history.add(orderOf(letter), History.Step.DEAD_LETTER, "dead-letter desk", 1, evidence);
  }

  private static String orderOf(DeadLetter letter) {
    String key = letter.message().key();
    return key == null ? "?" : key;
  }
}
