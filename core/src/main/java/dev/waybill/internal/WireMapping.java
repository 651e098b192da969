package dev.waybill.internal;

import dev.waybill.Command;
import dev.waybill.Document;
import dev.waybill.Envelope;
import dev.waybill.Event;
import dev.waybill.Metadata;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.MessageKind;
import dev.waybill.transport.WireMessage;
import dev.waybill.transport.support.AttributeMap;
import dev.waybill.transport.support.Timestamps;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Metadata to CloudEvents attributes and headers, and back.
 *
 * <p>Attributes are those of CloudEvents 1.0 and its registered extensions ({@code partitionkey},
 * {@code correlationid}, {@code causationid}, {@code expirytime}); what has no registered name is
 * called {@code waybill…}. An application's header {@code tenant} travels as {@code wb-tenant}, so
 * that none can become a native one or be taken for evidence; {@code traceparent} and {@code
 * tracestate} keep their W3C names.
 */
final class WireMapping {
  static final String KIND = "waybillkind";
  static final String REPLY_TO = "waybillreplyto";
  static final String USER_PREFIX = "wb-";
  static final String TRACE_PARENT = "traceparent";
  static final String TRACE_STATE = "tracestate";

  /** The longest name of an application's header: with the prefix inside AMQP's 255 bytes. */
  private static final int MAX_HEADER_NAME = 200;

  /** RFC 3339 has years of four digits; what goes beyond no receiver could read. */
  private static final Instant FIRST_TIME = Instant.parse("0000-01-01T00:00:00Z");

  private static final Instant LAST_TIME = Instant.parse("9999-12-31T23:59:59.999999999Z");

  private WireMapping() {}

  /**
   * The wire form of stamped metadata, of which id, type, source and time are present.
   *
   * @throws MessagingException as {@link #check(Metadata)}
   */
  static WireMessage encode(MessageKind kind, Metadata metadata, byte[] body, String contentType) {
    check(metadata);
    Map<String, String> attributes = new AttributeMap();
    attributes.put("specversion", "1.0");
    attribute(attributes, "id", metadata.id());
    attribute(attributes, "source", metadata.source());
    attribute(attributes, "type", metadata.type());
    time(attributes, "time", metadata.time());
    attributes.put(KIND, kind.wireName());
    attribute(attributes, "partitionkey", metadata.key());
    attribute(attributes, "correlationid", metadata.correlationId());
    attribute(attributes, "causationid", metadata.causationId());
    time(attributes, "expirytime", metadata.expiresAt());
    attribute(attributes, REPLY_TO, metadata.replyTo());
    return WireMessage.owning(
        body,
        contentType,
        attributes,
        wireHeaders(metadata.headers()),
        metadata.key(),
        metadata.delay());
  }

  /**
   * Holds stamped metadata against what can be written.
   *
   * @throws MessagingException with code {@code INVALID_MESSAGE}
   */
  static void check(Metadata metadata) {
    check("id", metadata.id());
    check("source", metadata.source());
    check("type", metadata.type());
    check("time", metadata.time());
    check("partitionkey", metadata.key());
    if (!metadata.id().equals(metadata.correlationId())) {
      check("correlationid", metadata.correlationId());
    }
    check("causationid", metadata.causationId());
    check("expirytime", metadata.expiresAt());
    check(REPLY_TO, metadata.replyTo());
    if (!metadata.headers().isEmpty()) {
      var unused = wireHeaders(metadata.headers());
    }
  }

  /**
   * The metadata of a received message.
   *
   * @param brokerId gives the identity of a message that brings none
   * @throws MessagingException with code {@code UNDECODABLE}
   */
  static Metadata decode(WireMessage message, Supplier<String> brokerId) {
    Envelope<?> envelope = Passed.in(message);
    if (envelope != null) {
      return envelope.metadata();
    }
    Map<String, String> attributes = message.attributes();
    return decode(
        message, brokerId, instant(attributes, "time"), instant(attributes, "expirytime"));
  }

  /** The same, without the times if one of them can't be read, which is all that may be so. */
  static Metadata readable(WireMessage message, Supplier<String> brokerId) {
    try {
      return decode(message, brokerId);
    } catch (MessagingException unreadable) {
      return decode(message, brokerId, null, null);
    }
  }

  private static Metadata decode(
      WireMessage message,
      Supplier<String> brokerId,
      @Nullable Instant time,
      @Nullable Instant expiresAt) {
    Map<String, String> attributes = message.attributes();
    String id = attributes.get("id");
    String key = attributes.get("partitionkey");
    return new Metadata(
        id == null || id.isEmpty() ? brokerId.get() : id,
        attributes.get("type"),
        attributes.get("source"),
        time,
        key == null ? message.key() : key,
        present(attributes.get("correlationid")),
        present(attributes.get("causationid")),
        attributes.get(REPLY_TO),
        expiresAt,
        null,
        userHeaders(message.headers()));
  }

  /** A foreign sender may write an attribute that is empty, which CloudEvents does not allow. */
  static @Nullable String present(@Nullable String text) {
    return text == null || text.isEmpty() ? null : text;
  }

  /**
   * When a received message expires; null if never. Of its metadata this and the time are all that
   * may be unreadable, so that {@link #decode} does not fail after it.
   *
   * @throws MessagingException with code {@code UNDECODABLE}
   */
  static @Nullable Instant checkedExpiry(WireMessage message) {
    Envelope<?> envelope = Passed.in(message);
    if (envelope != null) {
      return envelope.metadata().expiresAt();
    }
    var unused = instant(message.attributes(), "time");
    return instant(message.attributes(), "expirytime");
  }

  /** The route's name for what a message says, as it came; null if it names none. */
  static @Nullable String type(WireMessage message) {
    Envelope<?> envelope = Passed.in(message);
    return envelope == null ? message.attributes().get("type") : envelope.metadata().type();
  }

  /** Who sent a message, as it came; null if it does not say. */
  static @Nullable String source(WireMessage message) {
    Envelope<?> envelope = Passed.in(message);
    return envelope == null ? message.attributes().get("source") : envelope.metadata().source();
  }

  /** Where a reply to a message is to go, as it came; null if it is no request. */
  static @Nullable String replyTo(WireMessage message) {
    Envelope<?> envelope = Passed.in(message);
    return envelope == null ? message.attributes().get(REPLY_TO) : envelope.metadata().replyTo();
  }

  /** The id of the message that a message was caused by, as it came; null if it does not say. */
  static @Nullable String causation(WireMessage message) {
    Envelope<?> envelope = Passed.in(message);
    return envelope == null
        ? message.attributes().get("causationid")
        : envelope.metadata().causationId();
  }

  /** What a message is meant to be, by its wire name, as it came; null if it does not say. */
  static @Nullable String kind(WireMessage message) {
    Envelope<?> envelope = Passed.in(message);
    return envelope == null ? message.attributes().get(KIND) : envelope.kind().wireName();
  }

  static Envelope<?> envelope(MessageKind kind, Object payload, Metadata metadata) {
    return switch (kind) {
      case COMMAND -> Command.of(payload, metadata);
      case EVENT -> Event.of(payload, metadata);
      case DOCUMENT -> Document.of(payload, metadata);
    };
  }

  static Envelope<?> envelope(MessageKind kind, Object payload, Supplier<Metadata> metadata) {
    return switch (kind) {
      case COMMAND -> Command.of(payload, metadata);
      case EVENT -> Event.of(payload, metadata);
      case DOCUMENT -> Document.of(payload, metadata);
    };
  }

  private static Map<String, String> wireHeaders(Map<String, String> users) {
    if (users.isEmpty()) {
      return Map.of();
    }
    Map<String, String> headers = new LinkedHashMap<>();
    users.forEach(
        (name, value) -> headers.put(wireName(checkedName(name)), checkedValue(name, value)));
    return headers;
  }

  private static Map<String, String> userHeaders(Map<String, String> wire) {
    if (wire.isEmpty()) {
      return Map.of();
    }
    Map<String, String> headers = new LinkedHashMap<>();
    wire.forEach(
        (name, value) -> {
          if (!name.startsWith(USER_PREFIX) && !name.startsWith(Evidence.PREFIX)) {
            headers.put(name, value);
          }
        });
    wire.forEach(
        (name, value) -> {
          if (name.startsWith(USER_PREFIX)) {
            headers.put(name.substring(USER_PREFIX.length()), value);
          }
        });
    return headers;
  }

  private static String wireName(String name) {
    return name.equals(TRACE_PARENT) || name.equals(TRACE_STATE) ? name : USER_PREFIX + name;
  }

  private static String checkedName(String name) {
    boolean legal = !name.isEmpty() && name.length() <= MAX_HEADER_NAME;
    for (int i = 0; legal && i < name.length(); i++) {
      legal = name.charAt(i) > ' ' && name.charAt(i) < 0x7f;
    }
    if (!legal) {
      throw new MessagingException(
          ErrorCode.INVALID_MESSAGE,
          "the header name '%s' has to be 1 to %d visible ASCII characters"
              .formatted(name, MAX_HEADER_NAME));
    }
    return name;
  }

  private static String checkedValue(String name, String value) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < value.length()
          && Character.isLowSurrogate(value.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        throw new MessagingException(
            ErrorCode.INVALID_MESSAGE,
            "the value of the header '%s' has half of a surrogate pair at %d, which UTF-8 can't carry"
                .formatted(name, i));
      }
    }
    return value;
  }

  private static void attribute(
      Map<String, String> attributes, String name, @Nullable String text) {
    if (text != null) {
      attributes.put(name, text);
    }
  }

  private static void check(String name, @Nullable String text) {
    if (text == null) {
      return;
    }
    if (text.isEmpty()) {
      throw new MessagingException(
          ErrorCode.INVALID_MESSAGE,
          "the CloudEvents attribute '%s' must not be empty".formatted(name));
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' || c > '~') { // most texts are plain, and each message has some
        checkUnusual(name, text);
        return;
      }
    }
  }

  private static void checkUnusual(String name, String text) {
    if (text.chars().anyMatch(Character::isISOControl)) {
      throw new MessagingException(
          ErrorCode.INVALID_MESSAGE,
          "the CloudEvents attribute '%s' must not contain control characters".formatted(name));
    }
    var unused = checkedValue(name, text);
  }

  private static void time(Map<String, String> attributes, String name, @Nullable Instant value) {
    attribute(attributes, name, value == null ? null : Timestamps.format(value));
  }

  private static void check(String name, @Nullable Instant value) {
    if (value != null && (value.isBefore(FIRST_TIME) || value.isAfter(LAST_TIME))) {
      throw new MessagingException(
          ErrorCode.INVALID_MESSAGE,
          "the CloudEvents attribute '%s' is beyond the years 0 to 9999, which RFC 3339 can't write; leave it out for \"never\""
              .formatted(name));
    }
  }

  private static @Nullable Instant instant(Map<String, String> attributes, String name) {
    String text = attributes.get(name);
    if (text == null) {
      return null;
    }
    try {
      return Timestamps.parse(text);
    } catch (DateTimeException e) {
      throw new MessagingException(
          ErrorCode.UNDECODABLE,
          "the CloudEvents attribute '%s' is not a time in RFC 3339 form with an offset"
              .formatted(name),
          e);
    }
  }
}
