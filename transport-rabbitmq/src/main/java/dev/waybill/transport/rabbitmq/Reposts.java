package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.transport.Settlement.Release;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * Stores messages anew in the queue they came by, for their next attempt, with the attempts made in
 * a header. A message loses its place so, and those of its key would overtake it: not where there
 * are keys.
 */
final class Reposts {
  private static final Duration LIMIT = Duration.ofSeconds(10);

  /** Before a message that could not be stored is stored again. */
  private static final Duration AGAIN = Duration.ofSeconds(5);

  private static final int MOST_DOUBLINGS = 7;

  private final RabbitPublisher publisher;
  private final PendingSend.Target queue;
  private final boolean keyed;
  private final boolean counted;

  /**
   * For the deliveries of a queue.
   *
   * @param counted whether the broker counts its deliveries
   */
  Reposts(RabbitPublisher publisher, String queue, boolean keyed, boolean counted) {
    this.publisher = publisher;
    this.queue = PendingSend.Target.queue(queue);
    this.keyed = keyed;
    this.counted = counted;
  }

  /**
   * Whether a message that is given back is stored anew, rather than requeued: if it is to wait, or
   * if more attempts were made than will be known of it. The broker counts one for a delivery, in
   * which several may have been made.
   */
  boolean takes(RabbitDelivery delivery, Release release) {
    int known = counted ? delivery.attempt() : delivery.attempt() - 1;
    return !keyed && (!release.after().isZero() || release.attemptsMade() > known);
  }

  /** Stores a message anew; completes when the broker has confirmed it. */
  CompletableFuture<String> store(RabbitDelivery delivery, Release release) {
    BasicProperties properties = properties(delivery, release.attemptsMade());
    byte[] body = delivery.message().body();
    try {
      return release.after().isZero()
          ? publisher.publish(queue, properties, body, LIMIT)
          : publisher.publishLater(queue, properties, body, release.after(), LIMIT);
    } catch (SendException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** Whether a message may have been stored though an error says that it may not. */
  static boolean mayBeStored(Throwable error) {
    return error instanceof SendException send && send.certainty() == Certainty.UNKNOWN;
  }

  /**
   * How long to wait before a message is stored again, which makes one more of it each time that it
   * had been: twice as long each time, up to some 10 minutes: so some eight within the half hour
   * that a delivery may be open for.
   *
   * @param unknown how often it may have been
   */
  static Duration waitAfter(int unknown) {
    return AGAIN.multipliedBy(1L << Math.min(unknown, MOST_DOUBLINGS));
  }

  private static BasicProperties properties(RabbitDelivery delivery, int attemptsMade) {
    BasicProperties copy = DeadLetters.of(delivery.properties(), Map.of());
    Map<String, Object> headers = new LinkedHashMap<>(MessageReader.headers(copy));
    headers.put(HeaderNames.ATTEMPTS, attemptsMade);
    return copy.builder().headers(headers).build();
  }
}
