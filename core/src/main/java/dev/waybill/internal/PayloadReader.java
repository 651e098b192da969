package dev.waybill.internal;

import dev.waybill.Envelope;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.serialization.Codec;
import dev.waybill.transport.WireMessage;

/** Reads bodies that are neither too long nor of a content type that the codec can't read. */
record PayloadReader(Codec codec, long maxBodyBytes) {
  /**
   * The payload of a message: the sender's own, if it is passed by reference and of that class.
   *
   * @throws MessagingException if it can't be read; a codec may also fail in a way of its own
   */
  <T> T read(WireMessage message, Class<T> type) {
    Envelope<?> passed = message.envelope();
    if (passed != null && passed.payload().getClass() == type) {
      return type.cast(passed.payload());
    }
    if (message.body().length > maxBodyBytes) {
      throw new MessagingException(
          ErrorCode.TOO_LARGE,
          "the body has %d bytes, over the limit of %d"
              .formatted(message.body().length, maxBodyBytes));
    }
    if (!codec.reads(message.contentType())) {
      throw new MessagingException(
          ErrorCode.UNDECODABLE,
          "the content type '%s' can't be read, only %s"
              .formatted(message.contentType(), codec.contentType()));
    }
    return codec.decode(message.body(), type);
  }
}
