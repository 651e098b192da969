package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The queues in which delayed messages wait, by their levels, and the way of a message through
 * them. In the queue of a level every message waits equally long, twice as long as in the level
 * below, so that its head is always the next one due; a delay is a sum of such waits, the longest
 * first, each at most once: a broker takes a message that expires twice in the same queue for one
 * that goes round in circles, and drops it.
 *
 * <p>The broker does it all: what expires in a queue is dead-lettered to the level's own exchange.
 * A message carries the keys for the exchanges on its way, {@code in:07}, {@code 07:02}, {@code
 * 02:due}, and each of them is bound in one exchange only. They travel as {@code BCC}, which the
 * broker routes by on every hop, and takes out of the headers. Direct exchanges and exact keys, as
 * patterns over the bits of a delay cost the broker forty times as much for each message.
 *
 * @param prefix begins the names of all queues and exchanges
 * @param unit the wait of the lowest level, and what delays are rounded up to
 * @param count how many levels there are
 */
record DelayLevels(String prefix, Duration unit, int count) {
  /** Begins every prefix, so that a trace of delays is known by it. */
  static final String NAMES = "waybill.delay";

  static final DelayLevels STANDARD = new DelayLevels(NAMES, Duration.ofSeconds(1), 27);

  private static final String BCC = "BCC";
  private static final String IN = "in";
  private static final String DUE = "due";

  DelayLevels {
    if (!prefix.startsWith(NAMES)) {
      throw new IllegalArgumentException("'" + prefix + "' does not begin with " + NAMES);
    }
  }

  /** Whether a queue or exchange of this name belongs to delays. */
  static boolean owns(String name) {
    return name.equals(NAMES) || name.startsWith(NAMES + ".");
  }

  /** The longest delay that the waits add up to. */
  Duration longest() {
    return unit.multipliedBy((1L << count) - 1);
  }

  /** The exchange that delayed messages are published to. */
  String entry() {
    return prefix;
  }

  /** The exchange that channels are bound to, by their {@link #destination}. */
  String dueExchange() {
    return prefix + "." + DUE;
  }

  /** The queue and fanout exchange for what is due and has no channel any more. */
  String undeliverable() {
    return prefix + ".undeliverable";
  }

  /**
   * A queue that keeps nothing, bound for each topic: an event that nobody subscribes to must be
   * routed somewhere, for otherwise its level would keep it and try for ever.
   */
  String unsubscribed() {
    return prefix + ".unsubscribed";
  }

  /** A level's queue, and the exchange that is behind it. */
  String level(int level) {
    return prefix + "." + name(level);
  }

  /**
   * How long a message waits in a level. A millisecond more than its share, since the broker keeps
   * whole milliseconds and may begin with one that is nearly over.
   */
  long waitMillis(int level) {
    return (unit.toMillis() << level) + 1;
  }

  /** The key under which a level's queue is bound to the {@link #entry}. */
  String entryKey(int level) {
    return key(IN, name(level));
  }

  /** The key under which a lower level's queue is bound to a level's exchange. */
  String hopKey(int from, int to) {
    return key(name(from), name(to));
  }

  /** The key under which {@link #dueExchange} is bound to a level's exchange. */
  String lastKey(int from) {
    return key(name(from), DUE);
  }

  /** The key under which the target is bound to {@link #dueExchange}. */
  static String destination(PendingSend.Target target) {
    return target.exchange().isEmpty() ? "q:" + target.routingKey() : "t:" + target.exchange();
  }

  /** Where a delayed message for {@code target} is published to. */
  PendingSend.Target waitingFor(PendingSend.Target target) {
    return new PendingSend.Target(entry(), destination(target), true);
  }

  /**
   * A message's properties with its way.
   *
   * @param delay positive and not over {@link #longest}
   */
  BasicProperties route(BasicProperties properties, Duration delay, PendingSend.Target target) {
    List<String> way = way(delay);
    if (!target.exchange().isEmpty() && !target.routingKey().isEmpty()) {
      way.add(target.routingKey());
    }
    Map<String, Object> headers = new LinkedHashMap<>(MessageReader.headers(properties));
    headers.put(BCC, way);
    return properties.builder().headers(headers).build();
  }

  /** The keys of a delay's hops. */
  List<String> way(Duration delay) {
    long units = units(delay);
    List<String> keys = new ArrayList<>();
    String from = IN;
    for (int level = count - 1; level >= 0; level--) {
      if ((units >> level & 1) == 1) {
        keys.add(key(from, name(level)));
        from = name(level);
      }
    }
    keys.add(key(from, DUE));
    return keys;
  }

  /** The delay in units, rounded up; as the check before has it, within what there is. */
  private long units(Duration delay) {
    if (delay.isZero() || delay.isNegative() || delay.compareTo(longest()) > 0) {
      throw new IllegalArgumentException(
          "A delay of %s is not more than none and at most %s.".formatted(delay, longest()));
    }
    long whole = delay.dividedBy(unit);
    return unit.multipliedBy(whole).equals(delay) ? whole : whole + 1;
  }

  private static String key(String from, String to) {
    return from + ":" + to;
  }

  private static String name(int level) {
    return level < 10 ? "0" + level : String.valueOf(level);
  }
}
