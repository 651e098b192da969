package dev.waybill.transport.kafka;

import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import dev.waybill.transport.Topology;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the user has said of the Kafka topics.
 *
 * @param partitions of those of queues and topics; null if nothing was said
 * @param replication of all; -1 for the broker's default
 * @param minInSyncReplicas of all; null for the broker's default
 * @param named of single ones, by the name of the queue, topic or dead-letter queue
 */
record TopicSettings(
    @Nullable Integer partitions,
    int replication,
    @Nullable Integer minInSyncReplicas,
    Map<String, KafkaTopic.Said> named) {
  static final int BROKER_DEFAULT = -1;

  TopicSettings {
    named = Collections.unmodifiableMap(new LinkedHashMap<>(named)); // problems in their order
  }

  /** What is wrong with the values. */
  List<String> problems() {
    List<String> problems = new ArrayList<>();
    if (partitions != null && partitions < 1) {
      problems.add("partitions(%d): at least 1 is needed.".formatted(partitions));
    }
    if (replication != BROKER_DEFAULT && (replication < 1 || replication > Short.MAX_VALUE)) {
      problems.add(
          "replication(%d): give 1 or more, or -1 for the broker's default."
              .formatted(replication));
    }
    if (minInSyncReplicas != null && minInSyncReplicas < 1) {
      problems.add("minInSyncReplicas(%d): at least 1 is needed.".formatted(minInSyncReplicas));
    }
    if (minInSyncReplicas != null
        && replication != BROKER_DEFAULT
        && minInSyncReplicas > replication) {
      problems.add(
          "minInSyncReplicas(%d): there are only replication(%d); give less, or more replicas."
              .formatted(minInSyncReplicas, replication));
    }
    named.values().forEach(topic -> problems.addAll(topic.problems()));
    return problems;
  }

  /** What a topology lacks for what was said of single topics. */
  List<String> check(Topology topology) {
    Map<String, Channel> channels = new LinkedHashMap<>();
    topology.channels().forEach(channel -> channels.put(channel.name(), channel));
    for (Source source : topology.sources()) {
      channels.put(source.channel().name(), source.channel());
    }
    List<String> deadLetters = topology.deadLetterQueues().stream().map(Queue::name).toList();
    List<String> problems = new ArrayList<>();
    named.forEach(
        (name, said) -> {
          Channel channel = channels.get(name);
          if (channel == null && !deadLetters.contains(name)) {
            problems.add(
                "topic(\"%s\", …): this bus has no such queue or topic; it has %s: correct the name, or leave it out."
                    .formatted(name, channels.keySet()));
          } else if (said.compacted() && channel == null) {
            problems.add(
                "topic(\"%s\", …): dead letters can't be compacted, for each is evidence of its own: leave out compacted()."
                    .formatted(name));
          } else if (said.compacted() && channel != null && !channel.keyed()) {
            problems.add(
                "topic(\"%s\", …): compacted() keeps the last message of each key, but no route to %s has one: add keyedBy(…) to its routes, or leave out compacted()."
                    .formatted(name, channel));
          }
        });
    return problems;
  }

  CompactedTopics compacted() {
    return new CompactedTopics(
        named.entrySet().stream()
            .filter(topic -> topic.getValue().compacted())
            .map(Map.Entry::getKey)
            .collect(Collectors.toSet()));
  }

  KafkaTopic.@Nullable Said of(String name) {
    return named.get(name);
  }
}
