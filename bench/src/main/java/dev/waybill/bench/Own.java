package dev.waybill.bench;

import dev.waybill.bench.Contender.Place;
import dev.waybill.transport.Transport;
import dev.waybill.transport.inmemory.InMemoryTransport;
import dev.waybill.transport.rabbitmq.RabbitTransport;
import java.net.URI;

/** Waybill; a class of its own, because some JVMs do without it. */
final class Own {
  private Own() {}

  static Contender waybill(Part part, Place place) {
    Transport transport = transport(part, place);
    return part == Part.RABBITMQ || part == Part.RABBITMQ_CLASSIC
        ? new WaybillContender(transport, place, RawRabbit.PREFETCH)
        : new WaybillContender(transport, place);
  }

  /** In memory, without JSON. */
  static Contender byReference(Place place) {
    return new WaybillContender(InMemoryTransport.builder().byReference().build(), place);
  }

  /** With handlers that send, exactly once. */
  static Contender shipping(Part part, Place place) {
    return new WaybillShipping(transport(part, place), place);
  }

  /** In memory, to so many queues in turn. */
  static Contender channels(Place place, int channels) {
    return new Channels(transport(Part.GROWTH, place), place, channels);
  }

  private static Transport transport(Part part, Place place) {
    return switch (part) {
      case STARTUP, INMEMORY, GROWTH -> InMemoryTransport.builder().build();
      case KAFKA -> Transport.at(place.uri() + "?partitions=" + place.partitions());
      case RABBITMQ -> Transport.at(place.uri());
      case RABBITMQ_CLASSIC -> classic(URI.create(place.uri()));
      case AWS_SDK1 -> Transport.at(place.uri() + "&sdk=1");
      case AWS_SDK2 -> Transport.at(place.uri() + "&sdk=2");
    };
  }

  private static Transport classic(URI broker) {
    String[] login = broker.getUserInfo().split(":", 2);
    RabbitTransport.Builder builder =
        RabbitTransport.builder()
            .address(broker.getHost(), broker.getPort())
            .user(login[0])
            .password(login[1])
            .classicQueues();
    return broker.getPath().length() > 1
        ? builder.virtualHost(broker.getPath().substring(1)).build()
        : builder.build();
  }
}
