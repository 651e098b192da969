package dev.waybill.examples;

import static dev.waybill.delivery.FailurePolicy.retry;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import dev.waybill.MessageBus;
import dev.waybill.SendReceipt;
import dev.waybill.routing.Routes;
import dev.waybill.transport.Transport;
import java.util.concurrent.CountDownLatch;

/** The program of the README. */
public final class FirstProgram {
  // tag::contracts[]
  record OrderPlaced(String orderId, long cents) {} // contracts are plain records:

  record ProcessPayment(String orderId, long cents) {} // no base class, no annotation,

  record PaymentProcessed(String orderId) {} // no dependency on Waybill

  // end::contracts[]

  private FirstProgram() {}

  /** Runs it over the broker of a URI; default in memory. */
  public static void main(String[] args) throws Exception {
    String uri = args.length == 0 ? "memory:" : args[0];
    CountDownLatch paid = new CountDownLatch(1);
    // tag::program[]
    Routes routes =
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
                  .toTopic("payments-processed");
            });

    try (MessageBus bus =
        MessageBus.over(Transport.at(uri)) // kafka://localhost:9092, amqp://…, aws://…, memory:
            .routes(routes)
            .subscribe(
                "orders",
                "billing",
                c ->
                    c.onEvent(
                        OrderPlaced.class,
                        (event, context) ->
                            context.send( // leaves when the handler has succeeded
                                new ProcessPayment(
                                    event.payload().orderId(), event.payload().cents()))))
            .consume(
                "payments",
                c ->
                    c.onCommand(
                            ProcessPayment.class,
                            (command, context) ->
                                context.publish(new PaymentProcessed(command.payload().orderId())))
                        .concurrency(16)
                        .onFailure(
                            retry(3).thenAfter(ofSeconds(10), ofMinutes(1)).thenDeadLetter()))
            .subscribe(
                "payments-processed",
                "mail",
                c -> c.onEvent(PaymentProcessed.class, (event, context) -> paid.countDown()))
            .start()) {
      SendReceipt receipt =
          bus.publish(new OrderPlaced("o-1", 995))
              .join(); // completes when the broker has confirmed
      System.out.println("confirmed as " + receipt.brokerId());
      paid.await(); // end of the example
    }
    // end::program[]
  }
}
