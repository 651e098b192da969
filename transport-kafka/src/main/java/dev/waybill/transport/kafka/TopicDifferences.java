package dev.waybill.transport.kafka;

import dev.waybill.transport.kafka.TopicSpec.Said;
import dev.waybill.transport.kafka.TopicSpec.Use;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.TopicDescription;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares a topic with what it is to be like: with what the user has said, and with what the
 * contract can't do without. Each difference is a sentence with the value there, the value wanted,
 * and what to run or to write.
 */
final class TopicDifferences {
  private static final String POLICY = "cleanup.policy";
  private static final String RETENTION = "retention.ms";
  private static final String RETENTION_BYTES = "retention.bytes";
  private static final String MAX_BYTES = "max.message.bytes";
  private static final String COMPACT = "compact";

  private static final Logger log = LoggerFactory.getLogger(TopicDifferences.class);

  private final TopicSpec wanted;
  private final TopicDescription there;
  private final Map<String, String> configs;
  private final DelayLevels levels;
  private final List<String> problems = new ArrayList<>();

  private TopicDifferences(
      TopicSpec wanted, TopicDescription there, Map<String, String> configs, DelayLevels levels) {
    this.wanted = wanted;
    this.there = there;
    this.configs = configs;
    this.levels = levels;
  }

  /**
   * What differs.
   *
   * @param configs of the topic, those that the broker gives included
   * @param levels how long records of delay topics wait
   */
  static List<String> of(
      TopicSpec wanted, TopicDescription there, Map<String, String> configs, DelayLevels levels) {
    TopicDifferences differences = new TopicDifferences(wanted, there, configs, levels);
    differences.comparePartitions();
    differences.compareReplicas();
    new TreeMap<>(wanted.said()).forEach(differences::compare);
    differences.checkContract();
    return differences.problems;
  }

  /** What is missing for sure, of a topic that is assumed to be as it has to be. */
  static List<String> ofAssumed(TopicSpec wanted, TopicDescription there, DelayLevels levels) {
    TopicDifferences differences = new TopicDifferences(wanted, there, Map.of(), levels);
    differences.comparePartitions();
    return differences.problems;
  }

  private void comparePartitions() {
    int has = there.partitions().size();
    int wants = wanted.partitions();
    if (wanted.use() == Use.DELAYED) {
      if (has < wants) {
        add(
            "%d partitions and needs %d".formatted(has, wants),
            "run kafka-topics --alter --topic %s --partitions %d".formatted(wanted.name(), wants));
      }
    } else if (wanted.partitionsSaid() && has != wants) {
      String asItIs = "give topic(\"%s\", t -> t.partitions(%d))".formatted(wanted.name(), has);
      add(
          "%d partitions instead of %d".formatted(has, wants),
          has < wants
              ? "run kafka-topics --alter --topic %s --partitions %d, which moves keys, or %s"
                  .formatted(wanted.name(), wants, asItIs)
              : asItIs + ", for Kafka never takes partitions away");
    }
  }

  /** More than wanted is no difference: so it looks while replicas move to other brokers. */
  private void compareReplicas() {
    int has =
        there.partitions().stream()
            .mapToInt(partition -> partition.replicas().size())
            .min()
            .orElse(0);
    if (has < wanted.replication()) {
      add(
          "%d replicas instead of %d".formatted(has, wanted.replication()),
          "add them with kafka-reassign-partitions, or give replication(%d)".formatted(has));
    }
  }

  private void compare(String name, Said value) {
    String has = configs.get(name);
    if (name.equals(POLICY) ? parts(value.value()).equals(parts(has)) : value.value().equals(has)) {
      return;
    }
    add(
        has == null
            ? "no property %s, which is to be %s".formatted(name, value.value())
            : "%s=%s instead of %s".formatted(name, has, value.value()),
        "run %s, or change %s".formatted(change(name, value.value()), value.where()));
  }

  private void checkContract() {
    if (wanted.use() != Use.STATE && parts(configs.get(POLICY)).contains(COMPACT)) {
      add("%s=%s instead of delete".formatted(POLICY, configs.get(POLICY)), compaction());
    }
    if (wanted.use() == Use.DELAYED) {
      checkDelays();
    } else if (wanted.use() == Use.DEAD_LETTERS) {
      String otherwise = "it deletes dead letters that nobody has decided about";
      mustBeUnlessSaid(RETENTION, otherwise);
      mustBeUnlessSaid(RETENTION_BYTES, otherwise);
    }
    checkRoom();
  }

  /** Not what was said to be so: it was compared already. */
  private void mustBeUnlessSaid(String name, String otherwise) {
    if (!wanted.said().containsKey(name)) {
      mustBe(name, "-1", otherwise);
    }
  }

  /** Not what was said to be so: it was compared already. */
  private void checkRoom() {
    String has = configs.get(MAX_BYTES);
    if (has == null || wanted.said().containsKey(MAX_BYTES)) {
      return;
    }
    if (Long.parseLong(has) > wanted.most()) {
      log.warn(
          "Kafka topic '{}' (for {}) has {}={}: a message of more than {} bytes, which another producer"
              + " may send, could not become a dead letter, and would be tried for ever; give the"
              + " property max.request.size as large, or run {}",
          wanted.name(),
          wanted.carries(),
          MAX_BYTES,
          has,
          wanted.most(),
          change(MAX_BYTES, Integer.toString(wanted.most())));
    }
    if (Long.parseLong(has) < wanted.largest()) {
      String needed = Integer.toString(wanted.largest());
      add(
          "%s=%s and needs %s".formatted(MAX_BYTES, has, needed),
          "it does not take the largest %s: run %s, or lower the property max.request.size"
              .formatted(
                  switch (wanted.use()) {
                    case MESSAGES, STATE -> "messages that may be sent";
                    case REPLIES -> "replies";
                    case DEAD_LETTERS -> "messages with their evidence, which then come for ever";
                    case DELAYED -> "messages with their due time";
                  },
                  change(MAX_BYTES, needed)));
    }
  }

  private String compaction() {
    String run = "run " + change(POLICY, "delete");
    return switch (wanted.use()) {
      case MESSAGES ->
          ("it drops messages that a later one of their key follows, handled or not, and refuses"
                  + " those without a key: %s, or, if it is to carry documents that replace each"
                  + " other, give topic(\"%s\", t -> t.compacted())")
              .formatted(run, wanted.name());
      case STATE -> throw new IllegalStateException("compacted as it should be");
      case DEAD_LETTERS -> "it drops dead letters that a later one of their key follows: " + run;
      case REPLIES -> "it drops replies that a later one follows: " + run;
      case DELAYED -> "it drops messages that a later one of their key follows: " + run;
    };
  }

  private void checkDelays() {
    long longest = levels.waitMillis(DelayLevels.PARTITIONS - 1);
    String retention = configs.get(RETENTION);
    if (retention != null && !retention.equals("-1") && Long.parseLong(retention) < longest) {
      add(
          "%s=%s instead of -1".formatted(RETENTION, retention),
          "messages wait up to %d ms in it, and would be deleted before they are due: run %s"
              .formatted(longest, change(RETENTION, "-1")));
    }
    mustBe(RETENTION_BYTES, "-1", "it deletes the longest waiting messages when there are many");
    mustBe("message.timestamp.type", "CreateTime", "its messages would wait by another clock");
  }

  private void mustBe(String name, String value, String otherwise) {
    String has = configs.get(name);
    if (has != null && !has.equals(value)) {
      add(
          "%s=%s instead of %s".formatted(name, has, value),
          "%s: run %s".formatted(otherwise, change(name, value)));
    }
  }

  private void add(String difference, String remedy) {
    problems.add(
        "Kafka topic '%s' (for %s) has %s: %s."
            .formatted(wanted.name(), wanted.carries(), difference, remedy));
  }

  private String change(String name, String value) {
    return "kafka-configs --alter --topic %s --add-config %s=%s"
        .formatted(wanted.name(), name, value.contains(",") ? "[" + value + "]" : value);
  }

  private static Set<String> parts(@Nullable String list) {
    return list == null ? Set.of() : Set.of(list.split("\\s*,\\s*"));
  }
}
