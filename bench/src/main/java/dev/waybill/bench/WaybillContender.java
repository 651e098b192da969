package dev.waybill.bench;

import dev.waybill.MessageBus;
import dev.waybill.routing.Routes;
import dev.waybill.transport.Transport;
import java.util.function.Function;

/** Waybill, over any transport. */
class WaybillContender implements Contender {
  /** More than the default of 100, which is meant for handlers that do something. */
  static final int MAX_UNSETTLED = 2_000;

  private final Transport transport;
  private final String queue;
  private final Routes routes;
  private final int maxUnsettled;

  WaybillContender(Transport transport, Place place) {
    this(transport, place, MAX_UNSETTLED);
  }

  WaybillContender(Transport transport, Place place, int maxUnsettled) {
    this.transport = transport;
    this.maxUnsettled = maxUnsettled;
    this.queue = place.queue();
    this.routes = Routes.define(r -> route(r, place));
  }

  static void route(Routes.Definition routes, Place place) {
    routes
        .command(Order.class)
        .named("bench.order.v1")
        .toQueue(place.queue())
        .keyedBy(Order::customer);
  }

  @Override
  public final String version() {
    String version = MessageBus.class.getPackage().getImplementationVersion();
    return version == null ? "this tree" : version;
  }

  @Override
  public final String sendGuarantee() {
    return "confirmed by the broker, within a deadline";
  }

  @Override
  public String receiveGuarantee() {
    return "at least once, each message settled by itself, order per key, retries and dead letters";
  }

  @Override
  public final String settings() {
    return "maxUnsettled=" + maxUnsettled + ", 8 handlers unless the bench says more";
  }

  @Override
  public Outlet outlet() {
    return sending(MessageBus.over(transport).routes(routes).start(), order -> order);
  }

  /** Sends a command for each order, and closes the bus in the end. */
  static Outlet sending(MessageBus bus, Function<Order, Record> command) {
    return new Outlet() {
      @Override
      public void send(Order order, Runnable confirmed) {
        var unused =
            bus.send(command.apply(order))
                .whenComplete(
                    (receipt, failure) -> {
                      if (failure != null) {
                        Failure.end("a send", failure);
                      }
                      confirmed.run();
                    });
      }

      @Override
      public void close() {
        bus.close();
      }
    };
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    MessageBus bus =
        MessageBus.over(transport)
            .routes(routes)
            .consume(
                queue,
                c ->
                    c.onCommand(Order.class, (order, context) -> handler.handle(order.payload()))
                        .concurrency(handlers)
                        .maxUnsettled(maxUnsettled))
            .start();
    return bus::close;
  }
}
