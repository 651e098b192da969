package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.transport.kafka.TransactionalSettlement.Outgoing;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out whether a topic can be sent to, before a transaction would be aborted over it. Used by
 * one thread.
 */
final class TopicCheck {
  /** How long a topic that was made just now may be unknown to the broker that is asked. */
  private static final Duration UNKNOWN_TOPIC = Duration.ofSeconds(1);

  private static final Logger log = LoggerFactory.getLogger(TopicCheck.class);

  private final Supplier<Producer<byte[], byte[]>> producer;
  private final BiConsumer<String, Duration> replies;
  private final Set<String> known = new HashSet<>();

  /**
   * A check.
   *
   * @param producer one that is in no transaction
   * @param replies looks at the topic of a requester, whose name comes from a message
   */
  TopicCheck(Supplier<Producer<byte[], byte[]>> producer, BiConsumer<String, Duration> replies) {
    this.producer = producer;
    this.replies = replies;
  }

  /** Why a message can't be sent, or null; blocks, at most a second or so. */
  @Nullable SendException problem(Outgoing message) {
    String topic = message.record().topic();
    if (message.isReply() && !known.contains(topic)) {
      try {
        replies.accept(topic, UNKNOWN_TOPIC);
      } catch (SendException e) {
        if (e.code() == ErrorCode.NOT_FOUND) {
          return e;
        }
        log.debug("Nothing is known of topic {}: the transaction will tell", topic, e);
      }
    }
    return problem(topic);
  }

  private @Nullable SendException problem(String topic) {
    if (known.contains(topic)) {
      return null;
    }
    Deadline deadline = Deadline.in(UNKNOWN_TOPIC);
    while (true) {
      try {
        var unused = producer.get().partitionsFor(topic);
        known.add(topic);
        return null;
      } catch (TimeoutException e) {
        boolean unknown = e.getCause() instanceof UnknownTopicOrPartitionException;
        if (!unknown || deadline.passed()) {
          return unknown ? KafkaErrors.refused(topic, e) : null;
        }
      } catch (KafkaException | IllegalStateException e) {
        log.debug("Nothing is known of topic {}: the transaction will tell", topic, e);
        return KafkaErrors.refused(topic, e);
      }
    }
  }

  /** A topic may be gone: it is looked for again. */
  void forget(String topic) {
    known.remove(topic);
  }
}
