package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.transport.kafka.TransactionalSettlement.Outgoing;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletionException;
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

  /** How long the first delayed message of a channel may wait for its delay topic. */
  private static final Duration MAKE_TOPIC = Duration.ofSeconds(5);

  private static final Logger log = LoggerFactory.getLogger(TopicCheck.class);

  private final Supplier<Producer<byte[], byte[]>> producer;
  private final BiConsumer<String, Duration> replies;
  private final ReadyForDelays delays;
  private final CompactedTopics compacted;
  private final Set<String> known = new HashSet<>();
  private final MissingTopics missing = new MissingTopics();

  /**
   * A check.
   *
   * @param producer one that is in no transaction
   * @param replies looks at the topic of a requester, whose name comes from a message
   * @param delays sees to it that delayed messages to a topic can be stored
   */
  TopicCheck(
      Supplier<Producer<byte[], byte[]>> producer,
      BiConsumer<String, Duration> replies,
      ReadyForDelays delays) {
    this(producer, replies, delays, CompactedTopics.NONE);
  }

  /** The same where some topics take messages with a key only. */
  TopicCheck(
      Supplier<Producer<byte[], byte[]>> producer,
      BiConsumer<String, Duration> replies,
      ReadyForDelays delays,
      CompactedTopics compacted) {
    this.producer = producer;
    this.replies = replies;
    this.delays = delays;
    this.compacted = compacted;
  }

  /** Why a message can't be sent, or null; blocks, at most a second or so. */
  @Nullable SendException problem(Outgoing message) {
    SendException keyless = compacted.problem(message.topic(), message.record().key());
    if (keyless != null) {
      return keyless;
    }
    String topic = message.record().topic();
    if (known.contains(topic)) {
      return null;
    }
    if (message.isReply()) {
      try {
        replies.accept(message.topic(), UNKNOWN_TOPIC);
      } catch (SendException e) {
        if (e.code() == ErrorCode.NOT_FOUND) {
          return e;
        }
        log.debug("Nothing is known of topic {}: the transaction will tell", topic, e);
      }
    }
    if (message.delayed()) {
      try {
        var unused = delays.ready(message.topic(), MAKE_TOPIC).join();
      } catch (CompletionException e) {
        if (e.getCause() instanceof SendException refused) {
          return refused;
        }
        throw e;
      }
    }
    boolean wasMissing = missing.problem(topic) != null; // then one look has to do
    SendException problem = problem(topic, wasMissing ? Duration.ZERO : UNKNOWN_TOPIC);
    if (problem != null) {
      missing.note(topic, problem);
    }
    return problem;
  }

  private @Nullable SendException problem(String topic, Duration patience) {
    Deadline deadline = Deadline.in(patience);
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

  /** The topic of a message may be gone: it is looked for again. */
  void forget(Outgoing message) {
    known.remove(message.record().topic());
    if (message.delayed()) {
      delays.forget(message.topic());
    }
  }
}
