package dev.waybill.transport.aws;

import dev.waybill.routing.Channel;
import dev.waybill.routing.Source;
import dev.waybill.routing.Topic;
import dev.waybill.transport.WireMessage;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a message is written for SQS and SNS, and read back.
 *
 * <p>They take at most ten message attributes (SNS drops a message of more at a raw subscription),
 * so all attributes and headers are in one, {@value #METADATA}, as JSON; it alone is read. The
 * CloudEvents attributes that every event has and the content type are there once more as plain
 * attributes, for filter policies and foreign consumers. There is no CloudEvents binding for SQS; a
 * foreign message that says by its content type that it is an event in structured mode is read as
 * that.
 *
 * <p>A body of XML-valid UTF-8 text goes as it is. SQS takes no other: other bytes go in Base64, an
 * empty body as a dash, and {@value #ENCODING} says so.
 */
final class WireFormat {
  static final String METADATA = "waybill";
  static final String EVIDENCE = "waybill-evidence";

  /** Evidence: the message group of a foreign message, which its dead letter can't be in. */
  static final String DEAD_LETTER_KEY = "waybill-dead-letter-key";

  static final String ENCODING = "waybill-encoding";
  static final String CONTENT_TYPE = "contentType";
  static final String TYPE = "ce_type";

  /**
   * When a message is due, in milliseconds since 1970; only with delays that SQS does not serve.
   */
  static final String DUE = "waybill-due";

  private static final int MAX_ATTRIBUTES = 10;
  private static final byte[] NOTHING = {};

  /** What stands in a text for bytes that are no UTF-8, or was there. */
  private static final char REPLACEMENT = '\uFFFD';

  private static final String BASE64 = "base64";
  private static final String EMPTY = "empty";
  private static final String[] PLAIN_ATTRIBUTES = {"specversion", "id", "source", "type"};

  private WireFormat() {}

  static OutgoingMessage write(WireMessage message, Channel channel) {
    boolean fifo = channel.keyed();
    Duration delay = message.delay();
    // a queue delays by itself for a while; a topic doesn't, but the queues of its subscriptions do
    boolean natively = channel instanceof Source && !Limits.isLongDelay(delay);
    Map<String, NativeAttribute> attributes = new LinkedHashMap<>();
    attributes.put(METADATA, NativeAttribute.string(Json.write(metadata(message))));
    putIfLegal(attributes, CONTENT_TYPE, message.contentType());
    for (String name : PLAIN_ATTRIBUTES) {
      putIfLegal(attributes, "ce_" + name, message.attributes().get(name));
    }
    if (delay != null && !natively) {
      attributes.put(DUE, NativeAttribute.string(dueTime(delay)));
    }
    String body = text(message.body());
    if (body == null) {
      boolean empty = message.body().length == 0;
      attributes.put(ENCODING, NativeAttribute.string(empty ? EMPTY : BASE64));
      body = empty ? "-" : Base64.getEncoder().encodeToString(message.body());
    }
    return new OutgoingMessage(
        body,
        attributes,
        fifo ? Ids.group(message) : null,
        fifo ? Ids.deduplication(message) : null,
        delay == null || channel instanceof Topic ? 0 : Limits.delaySeconds(delay));
  }

  /** Whether JSON can name all attributes and headers: not with half of a surrogate pair. */
  static boolean hasWritableNames(WireMessage message) {
    return allWritable(message.attributes()) && allWritable(message.headers());
  }

  private static boolean allWritable(Map<String, String> map) {
    for (String name : map.keySet()) {
      for (int i = 0; i < name.length(); i++) {
        if (Character.isSurrogate(name.charAt(i))) {
          return StandardCharsets.UTF_8.newEncoder().canEncode(name);
        }
      }
    }
    return true;
  }

  /** When a message is to be handled, if it says so. */
  static @Nullable Instant due(ReceivedMessage received) {
    NativeAttribute due = received.attributes().get(DUE);
    if (due == null || due.text() == null || received.attributes().containsKey(EVIDENCE)) {
      return null;
    }
    try {
      return Instant.ofEpochMilli(Long.parseLong(due.text()));
    } catch (NumberFormatException e) {
      return null; // a foreign sender's attribute, which says nothing to us
    }
  }

  /** The message as it was received, delayed once more. */
  static OutgoingMessage postponed(ReceivedMessage received, Duration left) {
    return new OutgoingMessage(
        received.body(), received.attributes(), null, null, Limits.delaySeconds(left));
  }

  /**
   * The message as it was received, with evidence beside what it carries.
   *
   * @param fifo whether its group is an ordering key, which a foreign message has nowhere else
   */
  static OutgoingMessage deadLetter(
      ReceivedMessage received, Map<String, String> evidence, boolean fifo) {
    Map<String, NativeAttribute> attributes = new LinkedHashMap<>(received.attributes());
    Map<String, String> all = new LinkedHashMap<>(evidence(received));
    if (fifo && received.groupId() != null && !attributes.containsKey(METADATA)) {
      all.put(DEAD_LETTER_KEY, received.groupId());
    }
    attributes.remove(EVIDENCE);
    if (attributes.size() == MAX_ATTRIBUTES) {
      makeRoom(attributes, all);
    }
    all.putAll(evidence);
    attributes.put(EVIDENCE, NativeAttribute.string(Json.write(all)));
    return new OutgoingMessage(received.body(), attributes, null, null, 0);
  }

  /** Moves one attribute of a foreign message to the evidence, from where it is read as well. */
  private static void makeRoom(
      Map<String, NativeAttribute> attributes, Map<String, String> evidence) {
    Map.Entry<String, NativeAttribute> moved =
        attributes.entrySet().stream()
            .filter(entry -> !isContentType(entry.getKey()) && !isCloudEvents(entry.getKey()))
            .findFirst()
            .orElseGet(() -> attributes.entrySet().iterator().next());
    attributes.remove(moved.getKey());
    evidence.put(moved.getKey(), moved.getValue().asText());
  }

  /**
   * Reads a message, foreign ones too.
   *
   * @param fifo whether its group is an ordering key; on a standard queue it is a sender's share
   */
  static WireMessage read(ReceivedMessage received, boolean fifo) {
    NativeAttribute own = received.attributes().get(METADATA);
    Optional<Json.Metadata> metadata =
        own == null || own.text() == null ? Optional.empty() : Json.readMetadata(own.text());
    Map<String, String> evidence = evidence(received);
    WireMessage message =
        metadata.isPresent()
            ? ours(received, metadata.get())
            : foreign(received, fifo ? received.groupId() : evidence.get(DEAD_LETTER_KEY));
    return evidence.isEmpty() ? message : message.withHeaders(evidence);
  }

  private static WireMessage ours(ReceivedMessage received, Json.Metadata metadata) {
    return WireMessage.owning(
        body(received),
        metadata.contentType(),
        metadata.attributes(),
        metadata.headers(),
        metadata.key(),
        null);
  }

  private static WireMessage foreign(ReceivedMessage received, @Nullable String key) {
    String contentType = null;
    Map<String, String> attributes = new LinkedHashMap<>();
    Map<String, String> headers = new LinkedHashMap<>();
    for (Map.Entry<String, NativeAttribute> attribute : received.attributes().entrySet()) {
      String name = attribute.getKey();
      String value = attribute.getValue().text();
      if (value == null || name.equals(EVIDENCE) || name.equals(ENCODING) || name.equals(DUE)) {
        continue;
      }
      if (isContentType(name)) {
        contentType = value;
      } else if (isCloudEvents(name)) {
        attributes.put(name.substring(3).toLowerCase(Locale.ROOT), value);
      } else {
        headers.put(name, value);
      }
    }
    byte[] body = body(received);
    StructuredEvent event = StructuredEvent.read(contentType, body);
    if (event != null) {
      attributes.putAll(event.attributes());
      return new WireMessage(event.data(), event.contentType(), attributes, headers, key, null);
    }
    return new WireMessage(body, contentType, attributes, headers, key, null);
  }

  /** What there is of a message without reading it. */
  static WireMessage unread(ReceivedMessage received, boolean fifo) {
    Map<String, String> headers = new LinkedHashMap<>();
    received
        .attributes()
        .forEach(
            (name, attribute) -> {
              if (attribute.text() != null && !name.equals(EVIDENCE)) {
                headers.put(name, attribute.text());
              }
            });
    Map<String, String> evidence = evidence(received);
    headers.putAll(evidence);
    return new WireMessage(
        received.body().getBytes(StandardCharsets.UTF_8),
        null,
        Map.of(),
        headers,
        fifo ? received.groupId() : evidence.get(DEAD_LETTER_KEY),
        null);
  }

  private static boolean isContentType(String name) {
    return name.equalsIgnoreCase(CONTENT_TYPE) || name.equalsIgnoreCase("content-type");
  }

  /** Whether a foreign attribute has a prefix that the CloudEvents bindings of brokers use. */
  private static boolean isCloudEvents(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return lower.length() > 3 && (lower.startsWith("ce_") || lower.startsWith("ce-"));
  }

  private static Json.Metadata metadata(WireMessage message) {
    return new Json.Metadata(
        message.key(), message.contentType(), message.attributes(), message.headers());
  }

  /** Never fails, as what can't be read is read for it once more. */
  private static Map<String, String> evidence(ReceivedMessage received) {
    NativeAttribute evidence = received.attributes().get(EVIDENCE);
    if (evidence == null || evidence.text() == null) {
      return Map.of();
    }
    try {
      return Json.readMap(evidence.text());
    } catch (RuntimeException e) {
      return Map.of(); // a foreign sender's, with such a number as 1e99999999999
    }
  }

  private static byte[] body(ReceivedMessage received) {
    NativeAttribute encoding = received.attributes().get(ENCODING);
    if (encoding != null && EMPTY.equals(encoding.text())) {
      return NOTHING;
    }
    if (encoding != null && BASE64.equals(encoding.text())) {
      try {
        return Base64.getDecoder().decode(received.body());
      } catch (IllegalArgumentException e) {
        // a foreign sender's claim that is not true: the text is all there is
        return received.body().getBytes(StandardCharsets.UTF_8);
      }
    }
    return received.body().getBytes(StandardCharsets.UTF_8);
  }

  private static void putIfLegal(
      Map<String, NativeAttribute> attributes, String name, @Nullable String value) {
    if (value != null && !value.isEmpty() && isLegal(value)) {
      attributes.put(name, NativeAttribute.string(value));
    }
  }

  /** The body as a text that SQS takes, or null if it isn't one. */
  private static @Nullable String text(byte[] body) {
    if (body.length == 0) {
      return null;
    }
    String text = new String(body, StandardCharsets.UTF_8);
    boolean mayBeReplaced = text.indexOf(REPLACEMENT) >= 0;
    return isLegal(text) && !(mayBeReplaced && !isUtf8(body)) ? text : null;
  }

  private static boolean isUtf8(byte[] body) {
    try {
      var unused = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  /** Whether SQS takes all characters: those of XML 1.0 (SendMessage, AWS's API reference). */
  private static boolean isLegal(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c > 0xD7FF) {
        return text.codePoints().skip(i).allMatch(WireFormat::isLegal);
      }
      if (!isLegal(c)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isLegal(int c) {
    return (c >= 0x20 && c <= 0xD7FF)
        || c == '\n'
        || c == '\t'
        || c == '\r'
        || (c >= 0xE000 && c <= 0xFFFD)
        || c >= 0x10000;
  }

  private static String dueTime(Duration delay) {
    try {
      return String.valueOf(Math.addExact(System.currentTimeMillis(), delay.toMillis()));
    } catch (ArithmeticException e) {
      return String.valueOf(Long.MAX_VALUE);
    }
  }
}
