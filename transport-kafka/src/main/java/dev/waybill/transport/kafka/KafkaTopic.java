package dev.waybill.transport.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the Kafka topic of one queue, topic or dead-letter queue is to be like. {@link
 * dev.waybill.transport.Topology.Mode#CREATE} makes a missing topic so; it and {@link
 * dev.waybill.transport.Topology.Mode#VERIFY} refuse one that is otherwise. What is not said is
 * left to the builder and the broker, and not compared.
 *
 * <p>What is wrong with the values is reported by {@link KafkaTransport.Builder#build}. A later
 * call replaces an earlier one of its kind.
 *
 * <p>Not thread-safe.
 */
public final class KafkaTopic {
  private static final String POLICY = "cleanup.policy";
  private static final String RETENTION = "retention.ms";

  private final String name;
  private final Map<String, String> properties = new LinkedHashMap<>();
  private final List<String> problems = new ArrayList<>();
  private @Nullable Integer partitions;
  private @Nullable Duration retention;
  private boolean compacted;

  KafkaTopic(String name) {
    this.name = name;
  }

  /**
   * How many partitions it has, in place of {@link KafkaTransport.Builder#partitions}: how many
   * instances can receive at once. Kafka can add partitions to a topic and never takes any away; to
   * add some moves keys.
   */
  public KafkaTopic partitions(int count) {
    this.partitions = count;
    return this;
  }

  /**
   * How long its messages are kept, handled or not ({@code retention.ms}); at least a millisecond.
   */
  public KafkaTopic retention(Duration time) {
    this.retention = time;
    return this;
  }

  /**
   * Keeps the last message of each key for ever, and drops the earlier ones some time after they
   * were replaced, also those that nobody has handled yet ({@code cleanup.policy=compact}): for
   * documents that are state, of which only the newest is wanted. Together with {@link #retention}
   * none is kept for longer than that ({@code compact,delete}).
   *
   * <p>Its routes need keys, and a message without one is rejected as {@link
   * dev.waybill.error.ErrorCode#INVALID_MESSAGE} before it is sent. Not for dead letters, and not
   * for commands and events, each of which is to be handled.
   */
  public KafkaTopic compacted() {
    this.compacted = true;
    return this;
  }

  /**
   * Any other property of a Kafka topic, such as {@code max.message.bytes}.
   *
   * @param property the name as in Kafka's documentation
   * @param value the value as Kafka shows it
   */
  public KafkaTopic property(String property, String value) {
    if (property.equals(POLICY) || property.equals(RETENTION)) {
      problems.add(
          "topic(\"%s\"): %s has a method of its own: call %s."
              .formatted(name, property, property.equals(POLICY) ? "compacted()" : "retention(…)"));
    }
    properties.put(property, value);
    return this;
  }

  /** What has been said until now. */
  Said said() {
    Map<String, String> all = new LinkedHashMap<>(properties);
    if (compacted) {
      all.put(POLICY, retention == null ? "compact" : "compact,delete");
    }
    if (retention != null) {
      all.put(RETENTION, Long.toString(retention.toMillis()));
    }
    List<String> wrong = new ArrayList<>(problems);
    if (partitions != null && partitions < 1) {
      wrong.add("topic(\"%s\"): partitions(%d): at least 1 is needed.".formatted(name, partitions));
    }
    if (retention != null && retention.toMillis() < 1) {
      wrong.add("topic(\"%s\"): retention(%s): give a positive time.".formatted(name, retention));
    }
    return new Said(partitions, compacted, all, wrong);
  }

  @Override
  public String toString() {
    return "KafkaTopic[" + name + ", " + said().properties() + "]";
  }

  /**
   * What has been said of a topic.
   *
   * @param partitions null if nothing was said of them
   * @param problems what is wrong with it
   */
  record Said(
      @Nullable Integer partitions,
      boolean compacted,
      Map<String, String> properties,
      List<String> problems) {
    Said {
      properties = Map.copyOf(properties);
      problems = List.copyOf(problems);
    }
  }
}
