package dev.waybill.routing;

import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Where and as what the payloads of one class travel.
 *
 * @param <T> the payload's class
 * @param payloadType the class; exactly it, not its subclasses
 * @param typeName the stable name on the wire, the CloudEvents {@code type}
 * @param kind what a message of this type is meant to be
 * @param channel where it goes; keyed if any route on that channel has a key
 * @param key takes the ordering key from a payload; null if the route has no key. It returns null
 *     for a payload without a key, whose order is then not kept.
 * @param expiresAfter how long after its sending a message is of use, or null if for ever
 */
public record Route<T>(
    Class<T> payloadType,
    String typeName,
    MessageKind kind,
    Channel channel,
    @Nullable Function<? super T, @Nullable String> key,
    @Nullable Duration expiresAfter) {
  /** The ordering key of a payload of this route, or null. */
  public @Nullable String keyOf(Object payload) {
    return key == null ? null : key.apply(payloadType.cast(payload));
  }

  @Override
  public String toString() {
    return "%s \"%s\" (%s) -> %s%s%s"
        .formatted(
            kind,
            typeName,
            payloadType.getSimpleName(),
            channel,
            key == null ? "" : ", keyed",
            expiresAfter == null ? "" : ", expires after " + expiresAfter);
  }
}
