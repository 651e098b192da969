package dev.waybill.bench;

import dev.waybill.bench.Contender.Place;
import dev.waybill.testkit.broker.TestBroker;
import dev.waybill.testkit.broker.TestBrokers;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the contenders run over. */
enum Part {
  /** In memory, to the first message. */
  STARTUP,
  INMEMORY,
  /** In memory, how cost grows. */
  GROWTH,
  KAFKA,
  /** Quorum queues. */
  RABBITMQ,
  RABBITMQ_CLASSIC,
  /** FIFO queues of SQS, by version 1 of the SDK. */
  AWS_SDK1,
  /** By version 2. */
  AWS_SDK2;

  /** Kafka's client, reading of each record what type it is of. */
  private static final String RAW_TYPED = "raw-typed";

  /** Kafka's client, reading all headers and handling on another thread. */
  private static final String RAW_HANDED_OVER = "raw-handed-over";

  /** Waybill without JSON, as those that hand over in memory. */
  static final String BY_REFERENCE = "waybill-by-reference";

  /** The part of a name that {@link #inWords} gives, or null. */
  static @Nullable Part of(String name) {
    for (Part part : values()) {
      if (part.inWords().equals(name)) {
        return part;
      }
    }
    return null;
  }

  /** Those who take part, the first of whom the others are compared with. */
  List<String> contenders() {
    if (this == GROWTH) {
      return List.of("waybill");
    }
    Stream<String> own =
        switch (this) {
          case KAFKA -> Stream.of("raw", RAW_TYPED, RAW_HANDED_OVER, "waybill");
          case INMEMORY -> Stream.of("raw", "waybill", BY_REFERENCE);
          default -> Stream.of("raw", "waybill");
        };
    return Stream.concat(own, Peer.of(this).map(Peer::id)).toList();
  }

  /** Whether a contender takes part in a bench. */
  boolean has(Bench bench, String contender) {
    if (this == GROWTH) {
      return contender.equals("waybill");
    }
    return switch (contender) {
      case "raw", "waybill" -> true;
      case RAW_TYPED, RAW_HANDED_OVER -> this == KAFKA && bench == Bench.CONSUME;
      case BY_REFERENCE -> this == INMEMORY && (bench == Bench.FLOW || bench == Bench.LATENCY);
      default -> Peer.of(contender, this).has(bench);
    };
  }

  /** Whether it is Waybill, or the bare client. */
  static boolean isOwn(String contender) {
    return switch (contender) {
      case "raw", "waybill", RAW_TYPED, RAW_HANDED_OVER, BY_REFERENCE -> true;
      default -> false;
    };
  }

  /** Whether a bench says something here; raw clients of queues would have few slow handlers. */
  boolean has(Bench bench) {
    if (this == STARTUP || bench == Bench.STARTUP) {
      return this == STARTUP && bench == Bench.STARTUP;
    }
    if (bench == Bench.PRODUCE_BODIES || bench == Bench.EXACTLY_ONCE) {
      return this == KAFKA;
    }
    if (this == GROWTH || bench.varies()) {
      return this == GROWTH && bench.varies();
    }
    if (bench == Bench.FLOW) {
      return this == INMEMORY;
    }
    if (this == INMEMORY && (bench == Bench.PRODUCE || bench == Bench.CONSUME)) {
      return false; // a heap full of messages is all that they would show
    }
    if (bench == Bench.LATENCY) {
      return !isAws();
    }
    return !(isRabbit() || isAws()) || bench == Bench.PRODUCE || bench == Bench.CONSUME;
  }

  private boolean isRabbit() {
    return this == RABBITMQ || this == RABBITMQ_CLASSIC;
  }

  private boolean isAws() {
    return this == AWS_SDK1 || this == AWS_SDK2;
  }

  /** The broker, started, to be closed; null if it is in the measured JVM. */
  @Nullable TestBroker broker() {
    return switch (this) {
      case STARTUP, INMEMORY, GROWTH -> null;
      case KAFKA -> TestBrokers.kafka();
      case RABBITMQ, RABBITMQ_CLASSIC -> TestBrokers.rabbitmq();
      case AWS_SDK1, AWS_SDK2 -> AwsEmulator.start();
    };
  }

  /** What the trials of a bench find at the broker. */
  BrokerLog log(String uri, Bench bench, Size size) {
    if (this == KAFKA) {
      return KafkaLog.make(uri, bench, size);
    }
    return isAws() ? AwsLog.make(this, uri, bench, size) : RabbitLog.make(this, uri, bench, size);
  }

  /** What a contender's JVM has on its class path. */
  ClassPath classPath(String contender) {
    if (this == STARTUP) {
      ClassPath inMemory = ClassPath.inMemory();
      return contender.equals("raw") ? inMemory.only("jackson-") : inMemory;
    }
    return isOwn(contender) ? ClassPath.whole() : Peer.of(contender, this).classPath();
  }

  /** A contender by its name. */
  Contender contender(String name, Place place) {
    return switch (name) {
      case "raw" -> raw(place);
      case RAW_TYPED -> new RawKafka(place, RawKafka.Form.TYPED);
      case RAW_HANDED_OVER -> new RawKafka(place, RawKafka.Form.HANDED_OVER);
      case "waybill" -> Own.waybill(this, place);
      case BY_REFERENCE -> Own.byReference(place);
      default -> Peer.of(name, this).contender(place);
    };
  }

  /** The same, of those whose handlers send, exactly once. */
  Contender shipping(String name, Place place) {
    return switch (name) {
      case "raw" -> new RawKafka(place, RawKafka.Form.TRANSACTIONS);
      case "waybill" -> Own.shipping(this, place);
      default -> contender(name, place);
    };
  }

  private Contender raw(Place place) {
    return switch (this) {
      case STARTUP, INMEMORY, GROWTH -> new RawQueue();
      case KAFKA -> new RawKafka(place, RawKafka.Form.PLAIN);
      case RABBITMQ, RABBITMQ_CLASSIC -> new RawRabbit(place);
      case AWS_SDK1 -> new RawAws1(place);
      case AWS_SDK2 -> new RawAws2(place);
    };
  }

  String inWords() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
