package dev.waybill.bench;

import dev.waybill.bench.Contender.Place;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * A library that Waybill is compared with. It has a folder under {@code bench/peers} with its
 * dependencies and the class that uses it, so that no library meets another; what the JDK has needs
 * none.
 */
enum Peer {
  SPRING_KAFKA("spring-kafka", "SpringKafka", Over.KAFKA, Does.ALL),
  SPRING_KAFKA_PER_RECORD("spring-kafka", "SpringKafka", Over.KAFKA, Does.RECEIVE),
  SPRING_KAFKA_BATCH("spring-kafka", "SpringKafka", Over.KAFKA, Does.RECEIVE),
  SPRING_KAFKA_TRANSACTIONAL("spring-kafka", "SpringKafka", Over.KAFKA, Does.SHIP),
  PARALLEL_CONSUMER("parallel-consumer", "ConfluentParallelConsumer", Over.KAFKA, Does.RECEIVE),
  SPRING_CLOUD_STREAM_KAFKA("spring-cloud-stream", "SpringCloudStream", Over.KAFKA, Does.ALL),
  SMALLRYE_KAFKA("smallrye", "SmallRye", Over.KAFKA, Does.COUNT),
  CAMEL_KAFKA("camel", "CamelKafka", Over.KAFKA, Does.ALL),
  SPRING_AMQP_SIMPLE("spring-amqp", "SpringAmqp", Over.RABBITMQ, Does.ALL),
  SPRING_AMQP_DIRECT("spring-amqp", "SpringAmqp", Over.RABBITMQ, Does.RECEIVE),
  SPRING_CLOUD_STREAM_RABBITMQ("spring-cloud-stream", "SpringCloudStream", Over.RABBITMQ, Does.ALL),
  SMALLRYE_RABBITMQ("smallrye", "SmallRye", Over.RABBITMQ, Does.COUNT),
  CAMEL_RABBITMQ("camel-rabbitmq", "CamelRabbit", Over.RABBITMQ, Does.RECEIVE),
  SPRING_CLOUD_AWS("spring-cloud-aws", "SpringCloudAws", Over.AWS_SDK2, Does.ALL),
  PLAIN_CALL("", "PlainCall", Over.MEMORY, Does.HAND_OVER),
  ARRAY_BLOCKING_QUEUE("", "BlockingQueueHandover", Over.MEMORY, Does.HAND_OVER),
  JCTOOLS("jctools", "JcTools", Over.MEMORY, Does.HAND_OVER),
  DISRUPTOR("disruptor", "LmaxDisruptor", Over.MEMORY, Does.HAND_OVER),
  REACTOR_SINK("reactor", "ReactorSink", Over.MEMORY, Does.HAND_OVER),
  GUAVA_EVENT_BUS("guava", "GuavaEventBus", Over.MEMORY, Does.HAND_OVER),
  VERTX_EVENT_BUS("vertx", "VertxEventBus", Over.MEMORY, Does.HAND_OVER),
  CAMEL_DIRECT("camel", "CamelInMemory", Over.MEMORY, Does.HAND_OVER),
  CAMEL_SEDA("camel", "CamelInMemory", Over.MEMORY, Does.HAND_OVER),
  SPRING_INTEGRATION_DIRECT("spring-integration", "SpringIntegration", Over.MEMORY, Does.HAND_OVER),
  SPRING_INTEGRATION_QUEUE("spring-integration", "SpringIntegration", Over.MEMORY, Does.HAND_OVER);

  private final String folder;
  private final String type;
  private final Over over;
  private final Does does;

  Peer(String folder, String type, Over over, Does does) {
    this.folder = folder;
    this.type = type;
    this.over = over;
    this.does = does;
  }

  /** The peers of a part. */
  static Stream<Peer> of(Part part) {
    return Stream.of(values()).filter(peer -> peer.over.has(part));
  }

  /** A peer of a part by its name. */
  static Peer of(String id, Part part) {
    return of(part)
        .filter(peer -> peer.id().equals(id))
        .findFirst()
        .orElseThrow(
            () ->
                new Failure(
                    "There is no contender %s in %s: give of %s"
                        .formatted(id, part.inWords(), part.contenders())));
  }

  /** The name that users and rows know. */
  String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  boolean has(Bench bench) {
    return does.has(bench);
  }

  /** Where its dependencies and its class are; empty if the JDK has it. */
  String folder() {
    return folder;
  }

  /** The name of its class's file. */
  String source() {
    return type + ".java";
  }

  /**
   * What its JVM has on the class path, resolved and compiled if need be.
   *
   * @throws Failure if that can't be done here
   */
  ClassPath classPath() {
    return folder.isEmpty()
        ? ClassPath.whole()
        : new PeerBuild(Path.of("bench", "peers", folder)).classPath();
  }

  /** In its own JVM. */
  Contender contender(Place place) {
    try {
      return Class.forName(Peer.class.getPackageName() + "." + type)
          .asSubclass(Contender.class)
          .getDeclaredConstructor(Place.class, String.class)
          .newInstance(place, id());
    } catch (ReflectiveOperationException e) {
      throw new Failure(this + " could not be made", e);
    }
  }

  /** Where a peer takes part. */
  private enum Over {
    KAFKA,
    RABBITMQ,
    AWS_SDK2,
    MEMORY;

    boolean has(Part part) {
      return switch (part) {
        case KAFKA -> this == KAFKA;
        case RABBITMQ, RABBITMQ_CLASSIC -> this == RABBITMQ;
        case AWS_SDK2 -> this == AWS_SDK2;
        case INMEMORY -> this == MEMORY;
        default -> false;
      };
    }
  }

  /** What a peer takes part in. */
  private enum Does {
    ALL,
    /** All but to send. */
    RECEIVE,
    /** All but handlers that wait, as none may, and to send and receive in one JVM. */
    COUNT,
    /** Handlers that send, exactly once. */
    SHIP,
    HAND_OVER;

    boolean has(Bench bench) {
      return switch (bench) {
        case CONSUME, BACKLOG -> this != HAND_OVER && this != SHIP;
        case EXACTLY_ONCE -> this == SHIP;
        case SLOW_KEYED, BACKLOG_SLOW_KEY -> this == ALL || this == RECEIVE;
        case PRODUCE -> this == ALL || this == COUNT;
        case LATENCY -> this == ALL || this == HAND_OVER;
        case FLOW -> this == HAND_OVER;
        case STARTUP, CHANNELS, KEYS, BODIES, PRODUCE_BODIES, SUBSCRIPTIONS -> false;
      };
    }
  }
}
