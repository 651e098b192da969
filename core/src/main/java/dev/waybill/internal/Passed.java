package dev.waybill.internal;

import dev.waybill.Envelope;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.serialization.Codec;
import dev.waybill.transport.WireMessage;
import org.jspecify.annotations.Nullable;

/**
 * What travels where messages are passed by reference: the envelope, and how it would be written.
 */
record Passed(Envelope<?> envelope, Codec codec) implements WireMessage.Reference {
  private static final byte[] NONE = {};

  /** The envelope of a message that is passed by reference; else null. */
  static @Nullable Envelope<?> in(WireMessage message) {
    return message.reference() instanceof Passed passed ? passed.envelope : null;
  }

  @Override
  public String id() {
    return envelope.metadata().id();
  }

  @Override
  public WireMessage texts() {
    return WireMapping.encode(envelope.kind(), envelope.metadata(), NONE, codec.contentType());
  }

  @Override
  public byte[] body() {
    return encoded(envelope, codec);
  }

  /**
   * The payload as bytes.
   *
   * @throws MessagingException if it can't be encoded, whatever the codec has thrown
   */
  static byte[] encoded(Envelope<?> envelope, Codec codec) {
    try {
      return codec.encode(envelope.payload());
    } catch (MessagingException e) {
      throw e;
    } catch (RuntimeException | StackOverflowError | LinkageError e) {
      throw notReady(envelope, codec, e);
    }
  }

  /** An envelope that something of the application's has failed on. */
  static MessagingException notReady(Envelope<?> envelope, Object by, Throwable e) {
    return new MessagingException(
        ErrorCode.INVALID_MESSAGE,
        "%s is not sent: %s threw %s"
            .formatted(envelope, by.getClass().getName(), e.getClass().getName()),
        e);
  }

  @Override
  public String toString() {
    return envelope.toString();
  }
}
