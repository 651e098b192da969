package dev.waybill.bench;

import org.apache.camel.Endpoint;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;

/** Camel's routes in memory: {@code direct} calls, {@code seda} has a queue. */
final class CamelInMemory extends Handover {
  private final DefaultCamelContext context = new DefaultCamelContext();
  private final String uri;

  CamelInMemory(Place place, String name) {
    super(
        DefaultCamelContext.class,
        name.equals("camel-direct")
            ? "a call of the route on the sender's thread: no queue, no settlement; exchange with"
                + " headers"
            : "at most once, in order: no settlement, no order per key; exchange with headers",
        name.equals("camel-direct") ? "direct:" : "seda:, size " + ROOM + ", one consumer");
    this.uri =
        name.equals("camel-direct")
            ? "direct:orders"
            : "seda:orders?waitForTaskToComplete=Never&blockWhenFull=true&size=" + ROOM;
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    try {
      context.addRoutes(
          new RouteBuilder() {
            @Override
            public void configure() {
              from(uri)
                  .process(exchange -> handler.handle(exchange.getMessage().getBody(Order.class)));
            }
          });
    } catch (Exception e) {
      throw new Failure("No route", e);
    }
    context.start();
    return context::stop;
  }

  @Override
  public Outlet outlet() {
    Endpoint endpoint = context.getEndpoint(uri);
    ProducerTemplate template = context.createProducerTemplate();
    return calling(order -> template.sendBody(endpoint, order));
  }
}
