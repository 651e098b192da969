package dev.waybill.transport.rabbitmq;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.waybill.routing.Source;
import dev.waybill.transport.WireMessage;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.zip.CRC32;

/**
 * Which keyed queues and subscriptions are spread over several queues of the broker, and which of
 * these takes a key. A key has a slot, whatever the number of partitions; slots are dealt to the
 * partitions in turn.
 *
 * @param counts the number of partitions, by the name of the source
 */
record Partitions(Map<String, Integer> counts) {
  /** A keyed topic's messages say their slot, so it must never change. */
  static final int SLOTS = 128;

  Partitions {
    counts = Map.copyOf(counts);
  }

  /** These, and {@code source} with {@code count} partitions. */
  Partitions with(String source, int count) {
    Map<String, Integer> more = new TreeMap<>(counts);
    more.put(source, count);
    return new Partitions(more);
  }

  /** Whether a source is spread over several queues. */
  boolean has(String source) {
    return counts.containsKey(source);
  }

  /** How many queues a source is spread over; one, if it is not. */
  int count(String source) {
    return counts.getOrDefault(source, 1);
  }

  /** The broker's queues that a source receives from. */
  List<String> queues(Source source) {
    String name = source.name();
    return has(name)
        ? IntStream.range(0, count(name)).mapToObj(i -> queue(name, i)).toList()
        : List.of(RabbitLayout.queueName(source));
  }

  /** The broker's queue for a message to a queue. */
  String queueFor(String queue, WireMessage message) {
    return has(queue) ? queue(queue, slot(message) % count(queue)) : queue;
  }

  /** The slots that a partition takes. */
  List<String> slots(String source, int partition) {
    int count = count(source);
    return IntStream.range(0, SLOTS)
        .filter(slot -> slot % count == partition)
        .mapToObj(Integer::toString)
        .toList();
  }

  /** The broker's name for a partition, from 0. */
  static String queue(String source, int partition) {
    return source + ".partition-" + partition;
  }

  /** The queue that every instance consumes from, for the others to count. */
  static String instances(String source) {
    return source + ".instances";
  }

  /** The slot of a message's key; of its id, if it has no key and so no order. */
  static int slot(WireMessage message) {
    String key = message.key();
    String id = key != null ? key : message.id();
    return id == null ? 0 : slot(id);
  }

  static int slot(String key) {
    CRC32 sum = new CRC32();
    sum.update(key.getBytes(UTF_8));
    return (int) (sum.getValue() % SLOTS);
  }
}
