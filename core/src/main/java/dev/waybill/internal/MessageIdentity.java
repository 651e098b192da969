package dev.waybill.internal;

import dev.waybill.delivery.ProcessedMessageStore;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.transport.Delivery;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a message is known by, over all its deliveries: the source and the id of CloudEvents, which
 * are unique together.
 */
final class MessageIdentity {
  private MessageIdentity() {}

  /** Of a message with a source, or none, and an id. */
  static String of(@Nullable String source, String id) {
    String from = source == null ? "" : source;
    return from.length() + "#" + from + "#" + id;
  }

  /**
   * Of a delivered message, as every store can keep it.
   *
   * @throws MessagingException with code {@code UNDECODABLE} if the message has no id
   */
  static String of(Delivery delivery) {
    String id = delivery.message().id();
    if (id == null) {
      throw new MessagingException(
          ErrorCode.UNDECODABLE,
          "the message has no id, by which exactly-once could know it again");
    }
    String known = id.isEmpty() ? delivery.brokerId() : id;
    String identity = of(WireMapping.source(delivery.message()), known);
    return identity.length() <= ProcessedMessageStore.MAX_ID_LENGTH
            && identity.codePoints().allMatch(MessageIdentity::isStorable)
        ? identity
        : digestOf(identity);
  }

  /** What every database's texts can have. */
  private static boolean isStorable(int c) {
    return c != 0 && (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE);
  }

  private static String digestOf(String identity) {
    ByteBuffer bytes = ByteBuffer.allocate(identity.length() * Character.BYTES);
    bytes.asCharBuffer().put(identity);
    return UUID.nameUUIDFromBytes(bytes.array()).toString();
  }
}
