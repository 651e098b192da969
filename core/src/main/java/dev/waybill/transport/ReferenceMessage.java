package dev.waybill.transport;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A message that is an object, and is written when somebody asks for what would be written. */
final class ReferenceMessage extends WireMessage {
  private static final byte[] UNWRITTEN = {};

  private final Reference reference;

  /** Those that were put in place of its own, or null. */
  private final @Nullable Map<String, String> headers;

  /** Null until somebody asks; two who ask at once write the same, which is immutable. */
  private @Nullable WireMessage texts;

  ReferenceMessage(
      Reference reference,
      @Nullable String key,
      @Nullable Duration delay,
      @Nullable Map<String, String> headers) {
    super(null, Map.of(), Map.of(), UNWRITTEN, key, delay);
    this.reference = reference;
    this.headers = headers;
  }

  private WireMessage texts() {
    WireMessage known = texts;
    if (known == null) {
      WireMessage written = reference.texts();
      known = headers == null ? written : written.withOnlyHeaders(headers);
      texts = known;
    }
    return known;
  }

  @Override
  public Reference reference() {
    return reference;
  }

  @Override
  public byte[] body() {
    return reference.body();
  }

  @Override
  public @Nullable String contentType() {
    return texts().contentType();
  }

  @Override
  public Map<String, String> attributes() {
    return texts().attributes();
  }

  @Override
  public Map<String, String> headers() {
    return texts().headers();
  }

  @Override
  public String id() {
    return reference.id();
  }

  @Override
  public WireMessage withOnlyHeaders(Map<String, String> given) {
    return new ReferenceMessage(
        reference, key(), delay(), Collections.unmodifiableMap(new LinkedHashMap<>(given)));
  }

  @Override
  public WireMessage withoutDelay() {
    return delay() == null ? this : new ReferenceMessage(reference, key(), null, headers);
  }

  @Override
  public String toString() {
    return "WireMessage[id=" + id() + ", by reference]";
  }
}
