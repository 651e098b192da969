package dev.waybill.serialization;

/**
 * Turns payloads into bytes and back. The class to decode to comes from the routes, never from the
 * message.
 *
 * <p>Implementations are thread-safe and bound what they accept: size, nesting, length of strings.
 * They also write and read the answer to a request that failed, a record of two texts, {@code
 * failureType} and {@code message}: where they can't, whoever asked waits until its timeout.
 */
public interface Codec {
  /** The media type of what {@link #encode} writes, for the wire: {@code application/json}. */
  String contentType();

  /**
   * Whether a body of this media type can be decoded; null means that the sender did not say.
   *
   * @param contentType as received, with its parameters and in any case
   */
  boolean reads(@org.jspecify.annotations.Nullable String contentType);

  /**
   * Encodes a payload.
   *
   * @throws dev.waybill.error.MessagingException with code {@code INVALID_MESSAGE} if it can't be
   *     encoded
   */
  byte[] encode(Object payload);

  /**
   * Decodes a body.
   *
   * @return not null
   * @throws dev.waybill.error.MessagingException with code {@code UNDECODABLE}; its message never
   *     repeats the body
   */
  <T> T decode(byte[] body, Class<T> type);
}
