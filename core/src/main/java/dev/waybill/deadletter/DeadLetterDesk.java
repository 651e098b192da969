package dev.waybill.deadletter;

import dev.waybill.routing.Source;
import dev.waybill.transport.Transport;
import java.time.Duration;
import java.util.Collection;
import java.util.ServiceLoader;

/**
 * Where the dead letters of queues and subscriptions are looked at and decided about, over any
 * transport, beside the bus that made them or without it.
 *
 * <pre>{@code
 * Queue payments = new Queue("payments", true);
 * try (DeadLetterDesk desk = DeadLetterDesk.open(transport, List.of(payments), ofSeconds(15));
 *     DeadLetterBatch batch = desk.take(payments, 1_000, ofSeconds(60))) {
 *   batch.replay(batch.matching(DeadLetterFilter.all().type("payments.process.v1")), Replay.sameId(), progress -> {});
 * }
 * }</pre>
 *
 * <p>To look is to receive without settling: what a {@link DeadLetterBatch} holds nobody else gets
 * until it is closed, and then it is back as it was. So a bus that {@linkplain
 * dev.waybill.MessageBus.Builder#consumeDeadLetters consumes} the same dead letters, or another
 * desk, sees what this one does not hold, and the reverse. Whatever happens, be it that the process
 * is killed, a dead letter is gone only after what was decided about it is confirmed.
 *
 * <p>Makes nothing on the broker, and asks no more of it than a consumer of the dead-letter queue
 * and a sender to its source do. Used by one thread at a time.
 */
public interface DeadLetterDesk extends AutoCloseable {
  /**
   * Connects. Blocks.
   *
   * @param sources the queues and subscriptions whose dead letters are meant, as the routes have
   *     them: whether they are keyed matters to some brokers
   * @param connectTimeout how long connecting may take; positive
   * @throws dev.waybill.error.ConfigurationException if the broker could not have such sources
   * @throws dev.waybill.error.MessagingException if the broker can't be reached or refuses
   */
  static DeadLetterDesk open(
      Transport transport, Collection<? extends Source> sources, Duration connectTimeout) {
    return ServiceLoader.load(Provider.class, Provider.class.getClassLoader())
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "waybill-core is incomplete: its service entry is missing"))
        .open(transport, sources, connectTimeout);
  }

  /**
   * Takes the dead letters of a source in hand: all that are there, or as many as asked for. Blocks
   * until they are here, which takes a few seconds on brokers that don't say at once what they
   * have. To be closed before the next.
   *
   * @param limit how many at most, at least 1; a transport may hold fewer (RabbitMQ 2,000)
   * @param patience how long it may take to learn what is there; longer than the broker needs to
   *     notice that an earlier consumer is gone (Kafka: 45 s after a kill). While others keep
   *     coming, those are given that are here by then
   * @throws IllegalArgumentException if the source is not one of this desk's
   * @throws dev.waybill.error.MessagingException if there is no such dead-letter queue, it may not
   *     be read, or nothing came in time; interrupted, with code {@code TIMEOUT}. Nothing is held
   *     then
   */
  DeadLetterBatch take(Source source, int limit, Duration patience);

  /** {@linkplain DeadLetterBatch#close Closes the batch}, and the connection. Idempotent. */
  @Override
  void close();

  /** Makes desks; how {@link #open} finds the library's inside. Not for applications. */
  interface Provider {
    /** A desk. */
    DeadLetterDesk open(
        Transport transport, Collection<? extends Source> sources, Duration connectTimeout);
  }
}
