package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The topics that take messages with a key only. Kafka refuses others, but with all messages that
 * the producer has put into one batch with them, and a delayed one only when it is due.
 *
 * @param names of the topics
 */
record CompactedTopics(Set<String> names) {
  static final CompactedTopics NONE = new CompactedTopics(Set.of());

  CompactedTopics {
    names = Set.copyOf(names);
  }

  /** Why a message with this key can't be sent to a topic, or null if it can. */
  @Nullable SendException problem(String topic, @Nullable Object key) {
    if (key != null || !names.contains(topic)) {
      return null;
    }
    return SendException.rejected(
        ErrorCode.INVALID_MESSAGE,
        ("The message for Kafka topic '%s' has no key, and a compacted topic takes none without:"
                + " give it one by its route's keyedBy(…).")
            .formatted(topic),
        null);
  }

  /** Why nothing can be sent to a source alone, or null if it can. */
  @Nullable SendException problemOfOne(Source source) {
    String topic = KafkaNames.topicOf(source);
    if (!(source instanceof Subscription) || !names.contains(topic)) {
      return null;
    }
    return SendException.rejected(
        ErrorCode.INVALID_MESSAGE,
        ("A message for %s alone would be the newest of its key in the compacted Kafka topic '%s', and so all that"
                + " the other subscriptions have of it: publish the state anew instead.")
            .formatted(source, topic),
        null);
  }
}
