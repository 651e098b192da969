package dev.waybill.transport;

import dev.waybill.transport.support.AttributeMap;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A message as a transport sees it: a body, CloudEvents context attributes, and headers. The
 * library maps envelopes to it and back; a transport writes it natively and reads it back
 * unchanged.
 *
 * <ul>
 *   <li>{@link #body()}: any bytes, possibly none. The array is handed over, not copied: nobody
 *       changes it afterwards.
 *   <li>{@link #contentType()}: goes to the broker's own content-type field where it has one.
 *   <li>{@link #attributes()}: CloudEvents 1.0 context attributes by their bare names ({@code id},
 *       {@code type}, {@code partitionkey}, …, without {@code datacontenttype}), all as strings. A
 *       transport writes them with the prefix of that broker's binding ({@code ce_} on Kafka,
 *       {@code ce-} on RabbitMQ), and strips it when it reads. Empty for a foreign message.
 *   <li>{@link #headers()}: everything else. The library has already mapped users' names ({@code
 *       wb-…}) so that none can become a native one; a transport writes them as they are. What it
 *       reads from a foreign message it gives by the native name, as text.
 *   <li>{@link #key()}: the ordering key, or null; also present as attribute {@code partitionkey}
 *       in our own messages. Where the broker has a native key (Kafka record key, SQS message
 *       group) it is written there too.
 *   <li>{@link #delay()}: a send option: not delivered before this time has passed; null or
 *       positive. Null on receipt.
 *   <li>{@link #reference()}: what all of these say, as an object; only over a transport that
 *       {@link Transport#passesReferences passes references}. They are written then when somebody
 *       asks.
 * </ul>
 *
 * <p>Immutable but for the array; thread-safe.
 */
public sealed class WireMessage permits ReferenceMessage {
  /** A message as an object, for the library: transports carry it and ask it nothing. */
  public interface Reference {
    /** The message's id. */
    String id();

    /** The message as it would be written, but for its body. Does not fail. */
    WireMessage texts();

    /** The body as it would be written; written anew each time, and may fail as a codec does. */
    byte[] body();
  }

  private final byte[] body;
  private final @Nullable String contentType;
  private final Map<String, String> attributes;
  private final Map<String, String> headers;
  private final @Nullable String key;
  private final @Nullable Duration delay;

  /** A message of the given parts; the maps are copied, the array is not. */
  public WireMessage(
      byte[] body,
      @Nullable String contentType,
      Map<String, String> attributes,
      Map<String, String> headers,
      @Nullable String key,
      @Nullable Duration delay) {
    this(
        contentType,
        new LinkedHashMap<>(attributes),
        new LinkedHashMap<>(headers),
        body,
        key,
        delay);
  }

  /** Takes the maps as they are. */
  WireMessage(
      @Nullable String contentType,
      Map<String, String> attributes,
      Map<String, String> headers,
      byte[] body,
      @Nullable String key,
      @Nullable Duration delay) {
    this.body = body;
    this.contentType = contentType;
    this.attributes = immutable(attributes);
    this.headers = immutable(headers);
    this.key = key;
    this.delay = delay;
  }

  private static Map<String, String> immutable(Map<String, String> texts) {
    if (texts.isEmpty()) {
      return Map.of();
    }
    return texts instanceof AttributeMap attributes
        ? attributes.freeze()
        : Collections.unmodifiableMap(texts);
  }

  /**
   * A message of the given parts, none of which is copied: the maps are handed over as the array
   * is, and nobody changes them afterwards. For a transport that has made them for this message.
   */
  public static WireMessage owning(
      byte[] body,
      @Nullable String contentType,
      Map<String, String> attributes,
      Map<String, String> headers,
      @Nullable String key,
      @Nullable Duration delay) {
    return new WireMessage(contentType, attributes, headers, body, key, delay);
  }

  /** A message that is passed by reference, with what a broker needs to know of it. */
  public static WireMessage referring(
      Reference reference, @Nullable String key, @Nullable Duration delay) {
    return new ReferenceMessage(reference, key, delay, null);
  }

  /** What the message is, if it is passed by reference; else null. */
  public @Nullable Reference reference() {
    return null;
  }

  /** The body's bytes; not a copy, never changed by anyone. */
  public byte[] body() {
    return body;
  }

  /** The media type of the body, or null if the sender did not say. */
  public @Nullable String contentType() {
    return contentType;
  }

  /** CloudEvents context attributes by bare name; immutable. */
  public Map<String, String> attributes() {
    return attributes;
  }

  /** Headers by wire name; immutable. */
  public Map<String, String> headers() {
    return headers;
  }

  /** The ordering key, or null. */
  public @Nullable String key() {
    return key;
  }

  /** How long the broker is to hold the message back, or null. */
  public @Nullable Duration delay() {
    return delay;
  }

  /** The CloudEvents {@code id}, or null in a foreign message. */
  public @Nullable String id() {
    return attributes.get("id");
  }

  /** This message with {@code more} headers, which replace those of the same name. */
  public WireMessage withHeaders(Map<String, String> more) {
    Map<String, String> all = new LinkedHashMap<>(headers());
    all.putAll(more);
    return withOnlyHeaders(all);
  }

  /** This message with {@code headers} in place of its own. */
  public WireMessage withOnlyHeaders(Map<String, String> headers) {
    return new WireMessage(body, contentType, attributes, headers, key, delay);
  }

  /** This message without its {@link #delay()}. */
  public WireMessage withoutDelay() {
    return delay == null
        ? this
        : new WireMessage(contentType, attributes, headers, body, key, null);
  }

  /** The message's names and sizes; never its body or values. */
  @Override
  public String toString() {
    return "WireMessage[id="
        + id()
        + ", "
        + body.length
        + " bytes, headers="
        + headers.keySet()
        + "]";
  }
}
