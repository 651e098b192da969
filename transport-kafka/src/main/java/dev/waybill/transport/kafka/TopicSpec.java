package dev.waybill.transport.kafka;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.NewTopic;

/**
 * What a topic is to be like.
 *
 * @param name its name
 * @param carries what it carries, as errors say it: {@code queue payments}
 * @param use what it is for
 * @param partitions how many it is made with
 * @param partitionsSaid whether the user has said how many, so that an existing one must have them
 * @param replication how many replicas it is made with and has at least, or -1
 * @param defaults the configuration that it is made with, but for what was said
 * @param said the configuration that it is made with and must have, each with where it was said
 * @param largest how many bytes a record has at most that it must take
 * @param most how many bytes a record may have that it takes
 */
record TopicSpec(
    String name,
    String carries,
    Use use,
    int partitions,
    boolean partitionsSaid,
    int replication,
    Map<String, String> defaults,
    Map<String, Said> said,
    int largest,
    int most) {
  /** What a topic is for, which decides what would break the contract. */
  enum Use {
    /** Each message is to be handled. */
    MESSAGES,
    /** The last message of each key is to be handled. */
    STATE,
    DEAD_LETTERS,
    REPLIES,
    DELAYED
  }

  /**
   * A value that the user has said.
   *
   * @param where the builder's method
   */
  record Said(String value, String where) {}

  /** The same, whose records may have no more than {@code bytes}. */
  TopicSpec taking(int bytes) {
    return new TopicSpec(
        name,
        carries,
        use,
        partitions,
        partitionsSaid,
        replication,
        defaults,
        said,
        largest,
        bytes);
  }

  /** How it is made. */
  NewTopic toMake() {
    Optional<Short> replicas =
        replication == TopicSettings.BROKER_DEFAULT
            ? Optional.empty()
            : Optional.of((short) replication);
    return new NewTopic(name, Optional.of(partitions), replicas).configs(configs());
  }

  /** The command that makes it. */
  String command() {
    StringBuilder command =
        new StringBuilder("kafka-topics --create --topic %s".formatted(name))
            .append(" --partitions %d".formatted(partitions));
    if (replication != TopicSettings.BROKER_DEFAULT) {
      command.append(" --replication-factor %d".formatted(replication));
    }
    configs().forEach((key, value) -> command.append(" --config %s=%s".formatted(key, value)));
    return command.toString();
  }

  private Map<String, String> configs() {
    Map<String, String> all = new TreeMap<>(defaults);
    said.forEach((key, value) -> all.put(key, value.value()));
    return all;
  }
}
