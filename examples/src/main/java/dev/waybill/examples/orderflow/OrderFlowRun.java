package dev.waybill.examples.orderflow;

import dev.waybill.Command;
import dev.waybill.MessageBus;
import dev.waybill.examples.orderflow.OrderFlow.OrderPlaced;
import dev.waybill.examples.orderflow.OrderFlow.ProcessPayment;
import dev.waybill.routing.Channel;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * Runs the order flow once over a transport: what a person and a broken neighbour would do to it.
 */
public final class OrderFlowRun {
  /** How many rows a complete history has. */
  static final int ROWS = 25;

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private OrderFlowRun() {}

  /**
   * Runs the flow.
   *
   * @param transport where; nothing of the flow may be on that broker yet
   * @param history gets what happens
   * @return whether the history became complete in time
   */
  public static boolean over(Transport transport, History history) throws InterruptedException {
    try (MessageBus bus = OrderFlow.on(MessageBus.over(transport), history).start()) {
      for (String order : List.of("o-1", OrderFlow.SHAKY, OrderFlow.POISONED)) {
        history.add(order, History.Step.PLACED, "customer", 1, "995 cents");
        bus.publish(new OrderPlaced(order, 995)).join();
      }
      history.add(
          "o-4-expired",
          History.Step.PLACED,
          "customer",
          1,
          "a payment that nobody waits for any more");
      Command<ProcessPayment> late = Command.of(new ProcessPayment("o-4-expired", 995));
      bus.send(late.with(m -> m.withExpiresAt(Instant.EPOCH))).join();
      history.add(
          "o-5-garbage", History.Step.PLACED, "broken neighbour", 1, "bytes that are no JSON");
      sendGarbage(transport);
      return history.awaitRows(ROWS, PATIENCE);
    }
  }

  /** What a program that is no part of the flow may put into the queue. */
  private static void sendGarbage(Transport transport) {
    Channel payments = OrderFlow.ROUTES.queue("payments");
    Topology topology = new Topology(List.of(payments), List.of(), List.of());
    try (TransportConnection neighbour = transport.connect(Duration.ofSeconds(15))) {
      neighbour.prepare(topology, Topology.Mode.ASSUME);
      WireMessage garbage =
          new WireMessage(
              "{\"orderId\": oops".getBytes(StandardCharsets.UTF_8),
              "application/json",
              Map.of(),
              Map.of(),
              "o-5-garbage",
              null);
      neighbour.sender().send(payments, garbage, Duration.ofSeconds(15)).join();
    }
  }
}
