package dev.waybill.bench;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** What is measured. */
enum Bench {
  /** Orders are sent, at most {@link #WINDOW} of them unconfirmed, until all are confirmed. */
  PRODUCE("a window of " + Bench.WINDOW + " unconfirmed sends; to the last confirmation"),
  /** A log is read by handlers that count. */
  CONSUME("a log is read by handlers that count"),
  /** A log of 100 customers is read by handlers that wait. */
  SLOW_KEYED("handlers wait 5 ms each, 100 keys, 100 handlers: at best 20,000 a second"),
  /** A long log over many partitions is read by handlers that count. */
  BACKLOG("a backlog over 16 partitions and 1,600 keys, handlers count"),
  /** The same, and one customer's orders take long. */
  BACKLOG_SLOW_KEY("the same backlog; one key's handler waits 1 s, the others' messages count"),
  /** A log is read by handlers that send, together with the offsets. */
  EXACTLY_ONCE(
      "a log is read, each handler sends 1 KiB to another topic, together with the offsets"),
  /** One thread sends while the orders are handled, at most {@link #WINDOW} of them unhandled. */
  FLOW("one thread sends and one handler counts, at most " + Bench.WINDOW + " are on their way"),
  /** Orders are sent at a fixed rate. */
  LATENCY("sent at a fixed rate; from when an order should have been sent until it is handled"),
  /** The first order in a JVM is handled. */
  STARTUP("from the start of the JVM to the first handled message, over a class path of its own"),
  /** As in {@link #FLOW}, to more and more channels in turn. */
  CHANNELS("as flow, 1,000 keys, to so many queues in turn, a handler each"),
  /** As in {@link #FLOW}, with more and more keys. */
  KEYS("as flow, with so many keys"),
  /** As in {@link #FLOW}, with longer and longer messages. */
  BODIES("as flow, so many bytes of JSON each"),
  /** As in {@link #PRODUCE}, with longer and longer messages. */
  PRODUCE_BODIES("as produce, so many bytes of JSON each"),
  /** More and more subscriptions of one topic. */
  SUBSCRIPTIONS("events to one topic with so many subscriptions, a handler each");

  /** How many sends may be unconfirmed. */
  static final int WINDOW = 1_000;

  private static final Duration WAIT = Duration.ofMillis(5);
  private static final Duration LONG_WAIT = Duration.ofSeconds(1);
  private static final String SLOW_CUSTOMER = Order.customer(0);

  private final String inWords;

  Bench(String inWords) {
    this.inWords = inWords;
  }

  /** What is varied in it, ascending; 0 alone if nothing is. */
  List<Integer> levels() {
    return switch (this) {
      case CHANNELS -> List.of(1, 10, 100, 1_000);
      case KEYS -> List.of(1, 10, 100, 1_000, 10_000, 100_000);
      case BODIES -> List.of(128, 1_024, 10_240, 102_400, 1_048_576);
      case PRODUCE_BODIES -> List.of(128, 1_024, 10_240, 102_400);
      case SUBSCRIPTIONS -> List.of(10, 100, 1_000);
      default -> List.of(0);
    };
  }

  /** Whether it shows how cost grows. */
  boolean varies() {
    return levels().size() > 1;
  }

  /** The name that users and rows know. */
  String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  String inWords() {
    return inWords;
  }

  /** The bench of a name. */
  static Bench of(String id) {
    return valueOf(id.toUpperCase(Locale.ROOT).replace('-', '_'));
  }

  /** Whether trials read a log that is there already. */
  boolean readsLog() {
    return switch (this) {
      case CONSUME, SLOW_KEYED, BACKLOG, BACKLOG_SLOW_KEY, EXACTLY_ONCE -> true;
      default -> false;
    };
  }

  /** What a chart of it shows. */
  double figure(Row row) {
    Double p99 = row.p99Us();
    return switch (this) {
      case STARTUP -> TimeUnit.SECONDS.toMillis(1) / row.msgsPerS();
      case LATENCY -> p99 == null ? 0 : p99;
      default -> row.msgsPerS();
    };
  }

  /** Whether less of {@link #figure} is better. */
  boolean lessIsBetter() {
    return this == STARTUP || this == LATENCY;
  }

  /** Of {@link #figure}. */
  String unit() {
    return switch (this) {
      case STARTUP -> "milliseconds to the first message";
      case LATENCY -> "microseconds, p99";
      default -> "messages a second";
    };
  }

  int customers() {
    return switch (this) {
      case SLOW_KEYED -> 100;
      case BACKLOG, BACKLOG_SLOW_KEY -> 1_600;
      default -> 1_000;
    };
  }

  int partitions() {
    return this == BACKLOG || this == BACKLOG_SLOW_KEY ? 16 : 6;
  }

  /**
   * How many handlers {@code contender} has; what only counts needs no more than the library does.
   */
  int handlers(String contender) {
    return switch (this) {
      case SLOW_KEYED -> 100;
      case BACKLOG_SLOW_KEY -> 8;
      case FLOW, STARTUP, CHANNELS, KEYS, BODIES, SUBSCRIPTIONS -> 1;
      default -> contender.startsWith("waybill") ? 8 : 1;
    };
  }

  /** What a handler does before the order counts; returns whether it does. */
  boolean handle(Order order) {
    boolean slow = this == BACKLOG_SLOW_KEY && order.customer().equals(SLOW_CUSTOMER);
    if (this == SLOW_KEYED || slow) {
      sleep(slow ? LONG_WAIT : WAIT);
    }
    return !slow;
  }

  private static void sleep(Duration time) {
    try {
      Thread.sleep(time.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the trial is over
    }
  }
}
