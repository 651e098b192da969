package dev.waybill.bench;

import dev.waybill.bench.Contender.Place;
import dev.waybill.transport.Transport;
import dev.waybill.transport.inmemory.InMemoryTransport;
import java.util.List;
import java.util.Locale;

/** What the contenders run over. */
enum Part {
  INMEMORY,
  KAFKA;

  /** Those who take part, the first of whom the others are compared with. */
  List<String> contenders() {
    return List.of("raw", "waybill");
  }

  /** A contender by its name. */
  Contender contender(String name, Place place) {
    return switch (name) {
      case "raw" -> this == KAFKA ? new RawKafka(place) : new RawQueue();
      case "waybill" -> new WaybillContender(transport(place), place);
      default -> throw new Failure("There is no contender " + name + ": give of " + contenders());
    };
  }

  private Transport transport(Place place) {
    return this == KAFKA
        ? Transport.at(place.uri() + "?partitions=" + place.partitions())
        : InMemoryTransport.builder().build();
  }

  String inWords() {
    return name().toLowerCase(Locale.ROOT);
  }
}
