package dev.waybill.transport.kafka;

import dev.waybill.error.MessagingException;
import java.time.Duration;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.InvalidPidMappingException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The producer that is sent with. One that Kafka declares defunct is closed, which fails what it
 * has not confirmed, and replaced by a new one. Thread-safe.
 */
final class CurrentProducer {
  /** A reason that lasts would make a new one for each message. */
  private static final Duration BETWEEN = Duration.ofSeconds(1);

  private static final Logger log = LoggerFactory.getLogger(CurrentProducer.class);

  private final Supplier<Producer<byte[], byte[]>> producers;
  private volatile Watched current;
  private Deadline notBefore = Deadline.in(Duration.ZERO);
  private boolean closed;

  /**
   * Makes the first producer at once.
   *
   * @throws MessagingException if it can't be made
   */
  CurrentProducer(Supplier<Producer<byte[], byte[]>> producers) {
    this.producers = producers;
    this.current = new Watched(producers.get());
  }

  /** A producer, with what it repeats by itself. */
  record Watched(Producer<byte[], byte[]> producer, Repetitions repetitions) {
    Watched(Producer<byte[], byte[]> producer) {
      this(producer, new Repetitions(producer));
    }
  }

  Producer<byte[], byte[]> get() {
    return current.producer();
  }

  Watched watched() {
    return current;
  }

  /** Whether a producer that fails with {@code error} can't be used any more. */
  static boolean isDefunct(Throwable error) {
    return error instanceof ProducerFencedException
        || error instanceof InvalidProducerEpochException
        || error instanceof OutOfOrderSequenceException
        || error instanceof InvalidPidMappingException
        || error instanceof FencedInstanceIdException
        || error instanceof UnsupportedVersionException
        || error instanceof IllegalStateException // closed by somebody else
        || (error instanceof AuthorizationException
            && !(error instanceof TopicAuthorizationException));
  }

  /** Replaces a producer that has failed, unless it was replaced already, or one just before. */
  void replace(Producer<byte[], byte[]> failed, Throwable why) {
    synchronized (this) {
      if (closed || failed != current.producer() || !notBefore.passed()) {
        return;
      }
      try {
        current = new Watched(producers.get());
      } catch (MessagingException e) {
        log.warn("No new Kafka producer yet", e);
        return;
      } finally {
        notBefore = Deadline.in(BETWEEN);
      }
    }
    log.warn("A Kafka producer is defunct, and is replaced: {}", why.toString());
    end(failed, Duration.ZERO);
  }

  /** Closes; no producer is made any more. */
  void close(Duration deadline) {
    Producer<byte[], byte[]> last;
    synchronized (this) {
      closed = true;
      last = current.producer();
    }
    end(last, deadline);
  }

  private static void end(Producer<byte[], byte[]> producer, Duration deadline) {
    try {
      producer.close(deadline);
    } catch (KafkaException e) {
      log.warn("A Kafka producer did not close cleanly", e);
    }
  }
}
