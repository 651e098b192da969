package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import dev.waybill.routing.ReplyQueue;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The queue that the replies to one connection's requests come to. Not exclusive, so that it
 * outlives a lost connection, and not {@code amq.rabbitmq.reply-to}, which does not; the broker
 * removes it when its requester has been gone for long enough.
 */
final class ReplyQueues {
  /** Longer than a connection that is lost should take to be made again. */
  static final Duration KEPT_UNUSED = Duration.ofMinutes(10);

  private static final Logger log = LoggerFactory.getLogger(ReplyQueues.class);

  private ReplyQueues() {}

  /** Makes the queue if it is not there. */
  static void declare(Channel channel, ReplyQueue replies) throws IOException {
    channel.queueDeclare(
        replies.name(),
        true,
        false,
        false,
        Map.of("x-queue-type", "classic", "x-expires", KEPT_UNUSED.toMillis()));
  }

  /** Removes the queue with what is in it; best effort. */
  static void delete(Connection connection, ReplyQueue replies) {
    try (Channel channel = connection.createChannel()) {
      if (channel != null) {
        channel.queueDelete(replies.name());
      }
    } catch (IOException | TimeoutException | AlreadyClosedException e) {
      log.debug("{} is left; RabbitMQ removes it after {}", replies, KEPT_UNUSED, e);
    }
  }
}
