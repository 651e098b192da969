package dev.waybill.bench;

import dev.waybill.MessageBus;
import dev.waybill.delivery.DeliveryGuarantee;
import dev.waybill.routing.Routes;
import dev.waybill.transport.Transport;

/** Waybill, whose handlers send what they make of an order, exactly once. */
final class WaybillShipping extends WaybillContender {
  private final Transport transport;
  private final Place place;

  WaybillShipping(Transport transport, Place place) {
    super(transport, place);
    this.transport = transport;
    this.place = place;
  }

  @Override
  public String receiveGuarantee() {
    return "exactly once, transactions of up to 500 messages, order per key, retries and dead"
        + " letters";
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    Routes routes =
        Routes.define(
            r -> {
              route(r, place);
              r.command(Shipment.class)
                  .named("bench.shipment.v1")
                  .toQueue(place.shipments())
                  .keyedBy(Shipment::customer);
            });
    MessageBus bus =
        MessageBus.over(transport)
            .routes(routes)
            .consume(
                place.queue(),
                c ->
                    c.guarantee(DeliveryGuarantee.EXACTLY_ONCE)
                        .onCommand(
                            Order.class,
                            (order, context) -> {
                              context.send(Shipment.of(order.payload()));
                              handler.handle(order.payload());
                            })
                        .concurrency(handlers)
                        .maxUnsettled(MAX_UNSETTLED))
            .start();
    return bus::close;
  }
}
