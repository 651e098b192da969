package dev.waybill.transport.aws;

import java.util.List;
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
  private static final String RECEIVE_COUNT = "ApproximateReceiveCount";
  private static final String GROUP = "MessageGroupId";

  /** The attributes of the system that must be asked for to be told. */
  static final List<String> SYSTEM_ATTRIBUTES = List.of(RECEIVE_COUNT, GROUP);

  /** Of the parts that an SDK gives. */
  static ReceivedMessage of(
      String id,
      String receiptHandle,
      String body,
      Map<String, NativeAttribute> attributes,
      Map<String, String> system) {
    String count = system.get(RECEIVE_COUNT);
    return new ReceivedMessage(
        id,
        receiptHandle,
        body,
        attributes,
        system.get(GROUP),
        count == null ? 1 : Integer.parseInt(count));
  }

  /** Without the body. */
  @Override
  public String toString() {
    return "ReceivedMessage[" + id + "]";
  }
}
