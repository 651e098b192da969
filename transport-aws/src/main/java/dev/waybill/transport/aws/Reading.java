package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.transport.WireMessage;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What is read in what SQS handed over.
 *
 * @param message the message; as it came, if it could not be read
 * @param due when it is to be handled, if it says so
 * @param failure why it could not be read; null if it could
 */
record Reading(WireMessage message, @Nullable Instant due, @Nullable MessagingException failure) {
  /**
   * Reads a message.
   *
   * @param wrapped whether SNS wraps the messages of its source
   * @param fifo whether its message group is an ordering key
   */
  static Reading of(ReceivedMessage received, boolean wrapped, boolean fifo) {
    try {
      ReceivedMessage bare = wrapped ? SnsEnvelope.unwrap(received) : received;
      return new Reading(WireFormat.read(bare, fifo), WireFormat.due(bare), null);
    } catch (RuntimeException | StackOverflowError e) { // such a number as 1e99999999999, or a bug
      return new Reading(WireFormat.unread(received, fifo), null, failure(e));
    }
  }

  /** Without the cause, whose text may have a part of the message, but with its place. */
  private static MessagingException failure(Throwable e) {
    MessagingException failure =
        new MessagingException(
            ErrorCode.UNDECODABLE,
            "the message could not be read: " + e.getClass().getSimpleName());
    failure.setStackTrace(e.getStackTrace());
    return failure;
  }
}
