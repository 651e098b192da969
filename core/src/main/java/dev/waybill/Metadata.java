package dev.waybill;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What travels with a payload. On the wire it is CloudEvents 1.0 attributes and headers.
 *
 * <p>Who sends may set any part; what is left null is filled in when it is sent, from the route and
 * the bus. Who receives sees all of it; a message from a foreign producer has the defaults that are
 * named here.
 *
 * @param id the message's identity, kept over resends and replays; a random UUID unless set.
 *     Foreign without one: the broker's name for the message
 * @param type the stable type name of the route (CloudEvents {@code type}); null until it is sent
 * @param source who sent it, a URI reference; null until it is sent: the bus's name. Foreign
 *     without one: null
 * @param time when it was sent; null until then. Foreign without one: null
 * @param key the ordering key; null until it is sent, and then if the route has none
 * @param correlationId the conversation's id: copied from the message being handled, else the
 *     message's own id
 * @param causationId the id of the message whose handling sent this one, or null
 * @param replyTo where an answer is expected, or null
 * @param expiresAt when the message loses its use and is no longer handled, or null
 * @param delay how long it is held back after sending, or null; a send option, null on receipt
 * @param headers the application's own, by name; immutable, in the order given
 */
public record Metadata(
    String id,
    @Nullable String type,
    @Nullable String source,
    @Nullable Instant time,
    @Nullable String key,
    @Nullable String correlationId,
    @Nullable String causationId,
    @Nullable String replyTo,
    @Nullable Instant expiresAt,
    @Nullable Duration delay,
    Map<String, String> headers) {

  /** Copies the headers, of which neither names nor values are null. */
  public Metadata {
    Objects.requireNonNull(id, "id");
    headers = headers.isEmpty() ? Map.of() : copy(headers);
  }

  private static Map<String, String> copy(Map<String, String> headers) {
    headers.forEach(
        (name, value) -> {
          Objects.requireNonNull(name, "the name of a header");
          Objects.requireNonNull(value, () -> "the value of the header '" + name + "'");
        });
    return Collections.unmodifiableMap(new LinkedHashMap<>(headers));
  }

  /** Metadata with a random id and nothing else. */
  public static Metadata create() {
    return withId(RandomIds.next());
  }

  /** Metadata with the given id and nothing else. */
  public static Metadata withId(String id) {
    return new Metadata(id, null, null, null, null, null, null, null, null, null, Map.of());
  }

  /** The value of a header, or null. */
  public @Nullable String header(String name) {
    return headers.get(name);
  }

  /** With another type name. */
  public Metadata withType(@Nullable String type) {
    return new Metadata(
        id,
        type,
        source,
        time,
        key,
        correlationId,
        causationId,
        replyTo,
        expiresAt,
        delay,
        headers);
  }

  /** With another source. */
  public Metadata withSource(@Nullable String source) {
    return new Metadata(
        id,
        type,
        source,
        time,
        key,
        correlationId,
        causationId,
        replyTo,
        expiresAt,
        delay,
        headers);
  }

  /** With another time of sending. */
  public Metadata withTime(@Nullable Instant time) {
    return new Metadata(
        id,
        type,
        source,
        time,
        key,
        correlationId,
        causationId,
        replyTo,
        expiresAt,
        delay,
        headers);
  }

  /** With another ordering key, in place of the route's. */
  public Metadata withKey(@Nullable String key) {
    return new Metadata(
        id,
        type,
        source,
        time,
        key,
        correlationId,
        causationId,
        replyTo,
        expiresAt,
        delay,
        headers);
  }

  /** With another conversation. */
  public Metadata withCorrelationId(@Nullable String correlationId) {
    return new Metadata(
        id,
        type,
        source,
        time,
        key,
        correlationId,
        causationId,
        replyTo,
        expiresAt,
        delay,
        headers);
  }

  /** With another cause. */
  public Metadata withCausationId(@Nullable String causationId) {
    return new Metadata(
        id,
        type,
        source,
        time,
        key,
        correlationId,
        causationId,
        replyTo,
        expiresAt,
        delay,
        headers);
  }

  /** With another reply address. */
  public Metadata withReplyTo(@Nullable String replyTo) {
    return new Metadata(
        id,
        type,
        source,
        time,
        key,
        correlationId,
        causationId,
        replyTo,
        expiresAt,
        delay,
        headers);
  }

  /** With another time of expiry, in place of the route's. */
  public Metadata withExpiresAt(@Nullable Instant expiresAt) {
    return new Metadata(
        id,
        type,
        source,
        time,
        key,
        correlationId,
        causationId,
        replyTo,
        expiresAt,
        delay,
        headers);
  }

  /** Held back for {@code delay} after sending; zero, negative or null is "not at all". */
  public Metadata withDelay(@Nullable Duration delay) {
    return new Metadata(
        id,
        type,
        source,
        time,
        key,
        correlationId,
        causationId,
        replyTo,
        expiresAt,
        delay,
        headers);
  }

  /** With one more header; a header of that name is replaced. */
  public Metadata withHeader(String name, String value) {
    Map<String, String> more = new LinkedHashMap<>(headers);
    more.put(name, value);
    return withHeaders(more);
  }

  /** With these headers in place of all others. */
  public Metadata withHeaders(Map<String, String> headers) {
    return new Metadata(
        id,
        type,
        source,
        time,
        key,
        correlationId,
        causationId,
        replyTo,
        expiresAt,
        delay,
        headers);
  }

  /** The result of {@code change} on this; for chains. */
  public Metadata with(UnaryOperator<Metadata> change) {
    return change.apply(this);
  }

  /** All of it but the headers' values, which may be secret. */
  @Override
  public String toString() {
    return "Metadata[id=%s, type=%s, source=%s, time=%s, key=%s, correlationId=%s, causationId=%s, replyTo=%s, expiresAt=%s, delay=%s, headers=%s]"
        .formatted(
            id,
            type,
            source,
            time,
            key,
            correlationId,
            causationId,
            replyTo,
            expiresAt,
            delay,
            headers.keySet());
  }
}
