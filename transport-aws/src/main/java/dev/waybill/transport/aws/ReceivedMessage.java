package dev.waybill.transport.aws;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A message as SQS hands it over.
 *
 * @param id the message id that SQS gave it; the same over redeliveries
 * @param receiptHandle settles this one receipt
 * @param body the text
 * @param attributes the message attributes
 * @param groupId the message group, on FIFO queues and where a standard queue's sender gave one
 * @param receiveCount how often it has been received, with this time
 */
record ReceivedMessage(
    String id,
    String receiptHandle,
    String body,
    Map<String, NativeAttribute> attributes,
    @Nullable String groupId,
    int receiveCount) {
  /** Without the body. */
  @Override
  public String toString() {
    return "ReceivedMessage[" + id + "]";
  }
}
