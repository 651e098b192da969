package dev.waybill.transport.kafka;

import dev.waybill.routing.Channel;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.transport.Topology;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * Kafka's names for channels, sources and dead-letter queues: the same as here, but for replies.
 */
final class KafkaNames {
  /** Kafka's limit ({@code Topic.MAX_NAME_LENGTH}). */
  private static final int MAX_LENGTH = 249;

  private static final Set<String> INTERNAL =
      Set.of(
          "__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata");

  private KafkaNames() {}

  /** Replies to all instances of a requester share one topic. */
  static String topic(Channel channel) {
    return channel instanceof ReplyQueue replies
        ? ReplyQueue.PREFIX + replies.requester()
        : channel.name();
  }

  /**
   * The topic in which delayed messages of a channel's topic wait, and the group of those who move
   * them.
   */
  static String delayTopic(String topic) {
    return topic + ".delayed";
  }

  /** The topic that a source reads. */
  static String topicOf(Source source) {
    return topic(source.channel());
  }

  /** The consumer group of a source. */
  static String group(Source source) {
    return source.name();
  }

  /** A transactional id that no other receiver of the source has: one prefix to be allowed. */
  static String transactionalId(Source source) {
    return transactionalIds(source) + UUID.randomUUID();
  }

  /** How the transactional ids of a source's receivers begin. */
  static String transactionalIds(Source source) {
    return "waybill-" + group(source) + "-";
  }

  /** The topics of a topology, each with what it is for; of two uses of one name the first. */
  static Map<String, Channel> topics(Topology topology) {
    Map<String, Channel> topics = new LinkedHashMap<>();
    channels(topology).forEach(channel -> topics.putIfAbsent(topic(channel), channel));
    return topics;
  }

  static Map<String, String> all(Topology topology) {
    Map<String, String> names = new LinkedHashMap<>();
    topics(topology).forEach((topic, channel) -> names.put(channel.name(), topic));
    topology.sources().forEach(source -> names.put(source.name(), group(source)));
    return names;
  }

  static List<String> check(Topology topology) {
    List<String> problems = new ArrayList<>();
    Map<String, String> taken = new LinkedHashMap<>();
    for (Channel channel : channels(topology)) {
      checkName(channel.toString(), topic(channel), problems);
      checkTopic(channel, taken, problems);
    }
    Map<String, Source> groups = new LinkedHashMap<>();
    for (Source source : sources(topology)) {
      Source other = groups.putIfAbsent(group(source), source);
      if (other != null) {
        problems.add(
            "%s and %s would share the Kafka consumer group '%s'; rename one."
                .formatted(sentence(other.toString()), source, group(source)));
      }
      if (source instanceof Subscription) {
        checkName(source.toString(), group(source), problems);
      }
    }
    for (Channel channel : delayable(topology)) {
      checkDelayTopic(channel, taken, groups, problems);
    }
    return problems;
  }

  private static void checkDelayTopic(
      Channel channel,
      Map<String, String> topics,
      Map<String, Source> groups,
      List<String> problems) {
    String name = delayTopic(topic(channel));
    String other = topics.get(name.replace('.', '_'));
    Source group = groups.get(name);
    if (other != null || group != null) {
      problems.add(
          "%s has the name '%s', by which delayed messages to %s wait on Kafka; rename one."
              .formatted(sentence(other == null ? String.valueOf(group) : other), name, channel));
    } else if (name.length() > MAX_LENGTH && topic(channel).length() <= MAX_LENGTH) {
      problems.add(
          "%s leaves no room for the name '%s', by which delayed messages wait on Kafka: up to %d characters can."
              .formatted(sentence(channel.toString()), name, MAX_LENGTH));
    }
  }

  private static void checkName(String what, String name, List<String> problems) {
    if (!name.matches("[a-zA-Z0-9._-]{1," + MAX_LENGTH + "}")
        || name.equals(".")
        || name.equals("..")) {
      problems.add(
          "%s can't be named '%s' on Kafka: up to %d ASCII letters, digits, '.', '_' and '-' can."
              .formatted(sentence(what), name, MAX_LENGTH));
    } else if (INTERNAL.contains(name)) {
      problems.add(
          "%s would be Kafka's internal topic '%s'; rename it.".formatted(sentence(what), name));
    }
  }

  /** Kafka refuses a topic whose name differs from another's in '.' and '_' only. */
  private static void checkTopic(
      Channel channel, Map<String, String> taken, List<String> problems) {
    String other = taken.putIfAbsent(topic(channel).replace('.', '_'), channel.toString());
    if (other != null) {
      problems.add(
          "%s and %s would collide on Kafka, which does not tell '.' and '_' apart; rename one."
              .formatted(sentence(other), channel));
    }
  }

  /** Queues and topics; dead letters and replies have a delay topic only when it is needed. */
  static Set<Channel> delayable(Topology topology) {
    Set<Channel> all = new LinkedHashSet<>(topology.channels());
    for (Source source : topology.sources()) {
      all.add(source.channel());
    }
    return all;
  }

  private static Set<Channel> channels(Topology topology) {
    Set<Channel> all = delayable(topology);
    all.addAll(topology.deadLetterQueues());
    if (topology.replies() != null) {
      all.add(topology.replies());
    }
    return all;
  }

  private static Set<Source> sources(Topology topology) {
    Set<Source> all = new LinkedHashSet<>(topology.sources());
    all.addAll(topology.deadLetterQueues());
    return all;
  }

  private static String sentence(String text) {
    return Character.toUpperCase(text.charAt(0)) + text.substring(1);
  }
}
