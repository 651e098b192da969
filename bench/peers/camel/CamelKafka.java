package dev.waybill.bench;

import org.apache.camel.AsyncProducer;
import org.apache.camel.Exchange;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;

/** Camel's Kafka component: a route that receives, and the component's asynchronous producer. */
final class CamelKafka implements Contender {
  private static final String BYTES = "org.apache.kafka.common.serialization.ByteArray";

  private final Place place;

  CamelKafka(Place place, String name) {
    this.place = place;
  }

  @Override
  public String version() {
    return Versions.of(DefaultCamelContext.class);
  }

  @Override
  public String sendGuarantee() {
    return "confirmed by the broker";
  }

  @Override
  public String receiveGuarantee() {
    return "polls committed by time (auto-commit): at least once after a crash, but a message whose"
        + " route fails is logged and passed; order and parallelism per partition";
  }

  @Override
  public String settings() {
    return "acks=all, byte arrays, read_committed; one consumer, or one per partition where"
        + " handlers wait; else the component's defaults; the same headers as Waybill's";
  }

  private String endpoint() {
    return "kafka:" + place.queue() + "?brokers=" + place.uri().substring("kafka://".length());
  }

  @Override
  public Outlet outlet() {
    DefaultCamelContext context = new DefaultCamelContext();
    context.start();
    AsyncProducer producer;
    try {
      producer =
          context
              .getEndpoint(
                  endpoint() + "&requestRequiredAcks=all&valueSerializer=" + BYTES + "Serializer")
              .createAsyncProducer();
    } catch (Exception e) {
      throw new Failure("No producer", e);
    }
    producer.start();
    return new Outlet() {
      @Override
      public void send(Order order, Runnable confirmed) {
        Exchange exchange = producer.getEndpoint().createExchange();
        exchange.getMessage().setHeader("CamelKafkaKey", order.customer());
        CloudEvents.of(order, "ce_").forEach(exchange.getMessage()::setHeader);
        exchange.getMessage().setBody(Json.encode(order));
        producer.process(
            exchange,
            atOnce -> {
              if (exchange.getException() != null) {
                Failure.end("a send", exchange.getException());
              }
              confirmed.run();
            });
      }

      @Override
      public void close() {
        producer.stop();
        context.stop();
      }
    };
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    DefaultCamelContext context = new DefaultCamelContext();
    String from =
        endpoint()
            + "&groupId="
            + place.queue()
            + "&autoOffsetReset=earliest&isolationLevel=read_committed&valueDeserializer="
            + BYTES
            + "Deserializer&consumersCount="
            + (handlers == 1 ? 1 : place.partitions());
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
    return context::stop;
  }
}
