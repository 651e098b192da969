package dev.waybill.internal;

import dev.waybill.Envelope;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.serialization.Codec;
import dev.waybill.transport.WireMessage;
import org.jspecify.annotations.Nullable;

/**
 * Reads bodies that are neither too long nor of a content type that the codec can't read.
 *
 * @param passes whether a payload that is passed by reference is taken as it is; else it is copied
 */
record PayloadReader(Codec codec, long maxBodyBytes, boolean passes) {
  /**
   * The envelope as it was sent, if it is passed by reference and has such a payload; else null.
   */
  @Nullable Envelope<?> passed(WireMessage message, Class<?> type) {
    Envelope<?> passed = passes ? Passed.in(message) : null;
    return passed != null && passed.payload().getClass() == type ? passed : null;
  }

  /**
   * The payload of a message.
   *
   * @throws MessagingException if it can't be read; a codec may also fail in a way of its own
   */
  <T> T read(WireMessage message, Class<T> type) {
    Envelope<?> passed = passed(message, type);
    if (passed != null) {
      return type.cast(passed.payload());
    }
    byte[] body = message.body();
    if (body.length > maxBodyBytes) {
      throw new MessagingException(
          ErrorCode.TOO_LARGE,
          "the body has %d bytes, over the limit of %d".formatted(body.length, maxBodyBytes));
    }
    if (!codec.reads(message.contentType())) {
      throw new MessagingException(
          ErrorCode.UNDECODABLE,
          "the content type '%s' can't be read, only %s"
              .formatted(message.contentType(), codec.contentType()));
    }
    return codec.decode(body, type);
  }
}
