package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.transport.WireMessage;
import dev.waybill.transport.support.Timestamps;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes a message's attributes and headers as AMQP properties. */
final class MessageWriter {
  private static final int TRANSIENT = 1;
  private static final int PERSISTENT = 2;

  /**
   * The frame's own bytes around its payload (type, channel, length, end: 8), and room for a {@link
   * HeaderNames#SEND} header (26, if it is the only one).
   */
  private static final int FRAME_OVERHEAD = 64;

  /** Around a header's name and text: its type, and two lengths. */
  private static final int FIELD_OVERHEAD = 6;

  /** No char has more bytes than this in UTF-8. */
  private static final long MAX_BYTES_PER_CHAR = 3;

  /** All but the headers: 13 properties of up to 256 bytes. */
  private static final int OTHER_PROPERTIES = 13 * 256;

  private MessageWriter() {}

  /**
   * The properties for a message.
   *
   * @param persistent whether it is to outlive a restart of the broker
   * @throws SendException rejected, if the message can't be put on the wire
   */
  static BasicProperties write(WireMessage message, boolean persistent) {
    if (message.body().length > RabbitCapabilities.MAX_BODY_BYTES) {
      throw tooLarge(
          "The body of %d bytes is over RabbitMQ's limit of %d; send a reference to the data instead."
              .formatted(message.body().length, RabbitCapabilities.MAX_BODY_BYTES));
    }
    return new BasicProperties.Builder()
        .headers(headers(message))
        .contentType(contentType(message.contentType()))
        .messageId(shortOrNull(message.id()))
        .type(shortOrNull(message.attributes().get("type")))
        .timestamp(date(message.attributes().get("time")))
        .deliveryMode(persistent ? PERSISTENT : TRANSIENT)
        .build();
  }

  /** The message without headers that are the broker's own. */
  static WireMessage withoutReserved(WireMessage message) {
    if (message.headers().keySet().stream().noneMatch(HeaderNames::reserved)) {
      return message;
    }
    Map<String, String> headers = new LinkedHashMap<>(message.headers());
    headers.keySet().removeIf(HeaderNames::reserved);
    return new WireMessage(
        message.body(),
        message.contentType(),
        message.attributes(),
        headers,
        message.key(),
        message.delay());
  }

  /**
   * The size of the properties as a frame, which the connection may have a limit for. Has to be
   * held against it before publishing: the client counts a message before it finds out, and the
   * broker never sees it, so that from then on confirms would be taken for other messages'.
   *
   * @throws SendException rejected, if they can't be encoded
   */
  static int frameSize(BasicProperties properties) {
    try {
      return properties.toFrame(0, 0).size() + FRAME_OVERHEAD;
    } catch (IOException | IllegalArgumentException e) {
      throw SendException.rejected(
          ErrorCode.INVALID_MESSAGE,
          "The message's headers can't be written as an AMQP table: " + e.getMessage() + ".",
          e);
    }
  }

  /**
   * What {@link #frameSize} is at most, found without writing the frame; itself where headers have
   * other values than texts, or something might be too long for its place.
   *
   * @throws SendException rejected, if they can't be encoded
   */
  static int frameSizeAtMost(BasicProperties properties) {
    if (hasLong(properties)) {
      return frameSize(properties);
    }
    long bytes = FRAME_OVERHEAD + OTHER_PROPERTIES;
    for (Map.Entry<String, Object> header : MessageReader.headers(properties).entrySet()) {
      if (!(header.getValue() instanceof String text) || mayBeLong(header.getKey())) {
        return frameSize(properties);
      }
      bytes += FIELD_OVERHEAD + MAX_BYTES_PER_CHAR * (header.getKey().length() + text.length());
    }
    return (int) Math.min(bytes, Integer.MAX_VALUE);
  }

  private static boolean hasLong(BasicProperties properties) {
    return mayBeLong(properties.getContentType())
        || mayBeLong(properties.getContentEncoding())
        || mayBeLong(properties.getCorrelationId())
        || mayBeLong(properties.getReplyTo())
        || mayBeLong(properties.getExpiration())
        || mayBeLong(properties.getMessageId())
        || mayBeLong(properties.getType())
        || mayBeLong(properties.getUserId())
        || mayBeLong(properties.getAppId())
        || mayBeLong(properties.getClusterId());
  }

  private static boolean mayBeLong(@Nullable String text) {
    return text != null && text.length() * MAX_BYTES_PER_CHAR > RabbitLayout.MAX_NAME_BYTES;
  }

  /** Whether a text fits where AMQP has one byte for its length. */
  static boolean isShort(String text) {
    return bytes(text) <= RabbitLayout.MAX_NAME_BYTES;
  }

  /** The answer to headers over the connection's limit. */
  static SendException headersTooLarge(int size, int limit) {
    return tooLarge(
        "The headers take %d bytes as an AMQP table, over RabbitMQ's frame of %d; move data to the body."
            .formatted(size, limit));
  }

  private static Map<String, Object> headers(WireMessage message) {
    Map<String, Object> table = new LinkedHashMap<>();
    message
        .attributes()
        .forEach((name, value) -> put(table, HeaderNames.ATTRIBUTES.header(name), value));
    String key = message.key();
    if (key != null) {
      table.putIfAbsent(HeaderNames.ATTRIBUTES.header(HeaderNames.KEY), key);
    }
    message
        .headers()
        .forEach(
            (name, value) -> {
              if (HeaderNames.reserved(name)) {
                throw SendException.rejected(
                    ErrorCode.INVALID_MESSAGE,
                    "The header '%s' is RabbitMQ's own; use another name.".formatted(name),
                    null);
              }
              put(table, name, value);
            });
    return table;
  }

  private static void put(Map<String, Object> table, String name, String value) {
    if (bytes(name) > RabbitLayout.MAX_NAME_BYTES) {
      throw SendException.rejected(
          ErrorCode.INVALID_MESSAGE,
          "The header name '%.40s…' has %d bytes; AMQP takes %d."
              .formatted(name, bytes(name), RabbitLayout.MAX_NAME_BYTES),
          null);
    }
    table.put(name, value);
  }

  private static @Nullable String contentType(@Nullable String contentType) {
    if (contentType != null && shortOrNull(contentType) == null) {
      throw SendException.rejected(
          ErrorCode.INVALID_MESSAGE,
          "The content type has %d bytes; AMQP takes %d."
              .formatted(bytes(contentType), RabbitLayout.MAX_NAME_BYTES),
          null);
    }
    return contentType;
  }

  /**
   * A value for a property that only repeats a header, and may be left out where it does not fit.
   */
  private static @Nullable String shortOrNull(@Nullable String value) {
    return value != null && bytes(value) <= RabbitLayout.MAX_NAME_BYTES ? value : null;
  }

  private static @Nullable Date date(@Nullable String time) {
    if (time == null) {
      return null;
    }
    try {
      return Date.from(Timestamps.parse(time));
    } catch (DateTimeException | IllegalArgumentException e) {
      return null; // the header has it, and whoever reads that can say what is wrong with it
    }
  }

  private static int bytes(String text) {
    return text.length() * 3 <= RabbitLayout.MAX_NAME_BYTES
        ? text.length()
        : text.getBytes(StandardCharsets.UTF_8).length;
  }

  private static SendException tooLarge(String text) {
    return SendException.rejected(ErrorCode.TOO_LARGE, text, null);
  }
}
