package dev.waybill.transport.aws;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A message as SQS and SNS take it.
 *
 * @param body XML-valid text of at least one character
 * @param attributes at most ten
 * @param groupId the message group on FIFO queues and topics, else null
 * @param deduplicationId on FIFO queues and topics, else null
 * @param delaySeconds 0 to 900; standard queues only
 */
record OutgoingMessage(
    String body,
    Map<String, NativeAttribute> attributes,
    @Nullable String groupId,
    @Nullable String deduplicationId,
    int delaySeconds) {
  /** The size as AWS counts it: body, and names, types and values of the attributes. */
  long size() {
    long size = NativeAttribute.utf8Length(body);
    for (Map.Entry<String, NativeAttribute> attribute : attributes.entrySet()) {
      size += NativeAttribute.utf8Length(attribute.getKey());
      size += attribute.getValue().size();
    }
    return size;
  }

  /** Without the body. */
  @Override
  public String toString() {
    return "OutgoingMessage[" + attributes.keySet() + "]";
  }
}
