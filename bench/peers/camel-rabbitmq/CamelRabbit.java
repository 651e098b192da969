package dev.waybill.bench;

import java.net.URI;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;

/** Camel's Spring RabbitMQ component, which receives. */
final class CamelRabbit implements Contender {
  private static final int PREFETCH = 1_000;

  private final Place place;

  CamelRabbit(Place place, String name) {
    this.place = place;
  }

  @Override
  public String version() {
    return Versions.of(DefaultCamelContext.class);
  }

  @Override
  public String sendGuarantee() {
    return "not measured: it waits for each confirm before the next send";
  }

  @Override
  public String receiveGuarantee() {
    return "at least once, each message acknowledged by itself, one whose route fails is rejected"
        + " and lost without a dead-letter queue; order per consumer";
  }

  @Override
  public String settings() {
    return "spring-rabbitmq, simple container, acknowledged automatically, prefetch "
        + PREFETCH
        + ", one consumer, nothing declared";
  }

  @Override
  public Outlet outlet() {
    throw new Failure(sendGuarantee());
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    CachingConnectionFactory connections = new CachingConnectionFactory(URI.create(place.uri()));
    DefaultCamelContext context = new DefaultCamelContext();
    context.getRegistry().bind("connections", connections);
    String from =
        "spring-rabbitmq:default?connectionFactory=#connections&autoDeclare=false&queues="
            + place.queue()
            + "&prefetchCount="
            + PREFETCH;
    try {
      context.addRoutes(
          new RouteBuilder() {
            @Override
            public void configure() {
              from(from)
                  .process(
                      exchange ->
                          handler.handle(Json.decode(exchange.getMessage().getBody(byte[].class))));
            }
          });
    } catch (Exception e) {
      throw new Failure("No route", e);
    }
    context.start();
    return () -> {
      context.stop();
      connections.destroy();
    };
  }
}
