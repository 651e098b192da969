package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.transport.WireMessage;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is read in what RabbitMQ delivered.
 *
 * @param message the message; its body alone, with its key if there is one, if it could not be read
 * @param failure why it could not be read; null if it could
 */
record Reading(WireMessage message, @Nullable MessagingException failure) {
  static Reading of(BasicProperties properties, byte[] body) {
    try {
      return new Reading(MessageReader.read(properties, body), null);
    } catch (RuntimeException | StackOverflowError e) { // a header of a foreign sender's, or a bug
      return new Reading(unread(properties, body), failure(e));
    }
  }

  private static WireMessage unread(BasicProperties properties, byte[] body) {
    String key = null;
    Object header = MessageReader.headers(properties).get(HeaderNames.ATTRIBUTE + HeaderNames.KEY);
    if (header != null) {
      try {
        key = HeaderValues.text(header);
      } catch (RuntimeException | StackOverflowError e) {
        key = null; // then it has no order that anybody could read
      }
    }
    return WireMessage.owning(body, properties.getContentType(), Map.of(), Map.of(), key, null);
  }

  /** Without the cause, whose text may have a part of the message, but with its place. */
  private static MessagingException failure(Throwable e) {
    MessagingException failure =
        new MessagingException(
            ErrorCode.UNDECODABLE,
            "the message could not be read: " + e.getClass().getSimpleName());
    failure.setStackTrace(e.getStackTrace());
    return failure;
  }
}
