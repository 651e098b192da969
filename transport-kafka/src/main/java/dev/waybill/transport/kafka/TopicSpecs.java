package dev.waybill.transport.kafka;

import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.transport.Topology;
import dev.waybill.transport.kafka.TopicSpec.Said;
import dev.waybill.transport.kafka.TopicSpec.Use;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Says what topics are to be like, from what they are for and what the user has said of them. */
final class TopicSpecs {
  /** How many partitions queues and topics get if nothing was said. */
  private static final int PARTITIONS = 6;

  /** Longer than any request waits, or a broker is away. */
  private static final Duration REPLIES_KEPT = Duration.ofHours(1);

  /** Kafka deletes whole segments only. */
  private static final Duration REPLY_SEGMENT = Duration.ofMinutes(15);

  /** What Kafka's topics take by default. */
  private static final int USUAL_BYTES = 1_048_588;

  private static final int DELAY_SEGMENT_BYTES = 32 * 1024 * 1024;
  private static final String POLICY = "cleanup.policy";
  private static final String MAX_BYTES = "max.message.bytes";

  private final KafkaSettings settings;
  private final TopicSettings topics;

  TopicSpecs(KafkaSettings settings) {
    this.settings = settings;
    this.topics = settings.topics();
  }

  /** Those of a topology, by name; with its delay topics, if they are to stand from the start. */
  Map<String, TopicSpec> of(Topology topology) {
    List<String> deadLetters = topology.deadLetterQueues().stream().map(Queue::name).toList();
    Map<String, TopicSpec> specs = new LinkedHashMap<>();
    KafkaNames.topics(topology)
        .forEach((name, channel) -> specs.put(name, of(name, channel, deadLetters)));
    for (Source source : topology.sources()) { // whatever is in them may become a dead letter
      specs.computeIfPresent(
          KafkaNames.topicOf(source),
          (name, spec) ->
              spec.use() == Use.MESSAGES || spec.use() == Use.STATE
                  ? spec.taking(KafkaCapabilities.maxReceivedBytes(settings))
                  : spec);
    }
    if (settings.delays().fromStart()) {
      KafkaNames.delayable(topology)
          .forEach(
              channel -> {
                TopicSpec spec = delayTopic(KafkaNames.topic(channel));
                specs.put(spec.name(), spec);
              });
    }
    return specs;
  }

  private TopicSpec of(String name, Channel channel, List<String> deadLetters) {
    if (channel instanceof ReplyQueue) {
      return replyTopic(name, channel);
    }
    if (deadLetters.contains(name)) {
      return deadLetterTopic(name, channel);
    }
    KafkaTopic.Said said = topics.of(name);
    Integer partitions = topics.partitions();
    if (said != null && said.partitions() != null) {
      partitions = said.partitions();
    }
    return spec(
        name,
        channel.toString(),
        said != null && said.compacted() ? Use.STATE : Use.MESSAGES,
        PARTITIONS,
        partitions,
        settings.maxRequestBytes(),
        withRoom(Map.of(POLICY, "delete")));
  }

  /** Said always, for a broker's own default may be less than it takes. */
  private Map<String, String> withRoom(Map<String, String> defaults) {
    Map<String, String> all = new TreeMap<>(defaults);
    all.put(MAX_BYTES, Integer.toString(Math.max(settings.maxRequestBytes(), USUAL_BYTES)));
    return all;
  }

  /**
   * One partition, for there is no order and little traffic; kept for ever and however much there
   * is, for it is evidence; and with room for the evidence beside a message of the largest size.
   */
  private TopicSpec deadLetterTopic(String name, Channel channel) {
    int largest = KafkaCapabilities.maxDeadLetterBytes(settings);
    KafkaTopic.Said said = topics.of(name);
    return spec(
        name,
        channel.toString(),
        Use.DEAD_LETTERS,
        1,
        said == null ? null : said.partitions(),
        largest,
        Map.of(
            POLICY,
            "delete",
            "retention.ms",
            "-1",
            "retention.bytes",
            "-1",
            MAX_BYTES,
            Integer.toString(largest)));
  }

  /**
   * One partition, for each instance reads them all; and nothing is kept for long, for a reply that
   * nobody waits for is worth nothing.
   */
  private TopicSpec replyTopic(String name, Channel channel) {
    return spec(
        name,
        channel.toString(),
        Use.REPLIES,
        1,
        null,
        settings.maxRequestBytes(),
        withRoom(
            Map.of(
                POLICY,
                "delete",
                "retention.ms",
                Long.toString(REPLIES_KEPT.toMillis()),
                "segment.ms",
                Long.toString(REPLY_SEGMENT.toMillis()))));
  }

  /**
   * Kept until it is deleted by those who move its records on; with the timestamps of those who
   * write, whose clocks say when a record is due; and with room for that beside a message of the
   * largest size. Segments are small, for only whole ones are given back to the disk.
   *
   * @param topic the topic of the channel whose messages wait
   */
  TopicSpec delayTopic(String topic) {
    int largest = KafkaCapabilities.maxDeadLetterBytes(settings);
    return spec(
        KafkaNames.delayTopic(topic),
        "delayed messages to " + topic,
        Use.DELAYED,
        DelayLevels.PARTITIONS,
        null,
        largest,
        Map.of(
            POLICY,
            "delete",
            "retention.ms",
            "-1",
            "retention.bytes",
            "-1",
            "message.timestamp.type",
            "CreateTime",
            "segment.bytes",
            Integer.toString(Math.max(DELAY_SEGMENT_BYTES, largest)),
            MAX_BYTES,
            Integer.toString(largest)));
  }

  private TopicSpec spec(
      String name,
      String carries,
      Use use,
      int usualPartitions,
      @Nullable Integer saidPartitions,
      int largest,
      Map<String, String> defaults) {
    Map<String, Said> said = new LinkedHashMap<>();
    if (topics.minInSyncReplicas() != null) {
      said.put(
          "min.insync.replicas",
          new Said(topics.minInSyncReplicas().toString(), "minInSyncReplicas(…)"));
    }
    KafkaTopic.Said ofThis = topics.of(name);
    if (ofThis != null) {
      ofThis
          .properties()
          .forEach(
              (key, value) -> said.put(key, new Said(value, "topic(\"%s\", …)".formatted(name))));
    }
    return new TopicSpec(
        name,
        carries,
        use,
        saidPartitions == null ? usualPartitions : saidPartitions,
        saidPartitions != null,
        topics.replication(),
        defaults,
        said,
        largest,
        Integer.MAX_VALUE);
  }
}
