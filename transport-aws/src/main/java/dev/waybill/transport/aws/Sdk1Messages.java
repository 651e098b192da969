package dev.waybill.transport.aws;

import com.amazonaws.services.sns.model.PublishBatchRequestEntry;
import com.amazonaws.services.sqs.model.ChangeMessageVisibilityBatchRequest;
import com.amazonaws.services.sqs.model.ChangeMessageVisibilityBatchRequestEntry;
import com.amazonaws.services.sqs.model.Message;
import com.amazonaws.services.sqs.model.MessageAttributeValue;
import com.amazonaws.services.sqs.model.SendMessageBatchRequestEntry;
import dev.waybill.transport.aws.AwsPort.Hiding;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Messages between our records and those of SDK 1. */
final class Sdk1Messages {
  private Sdk1Messages() {}

  static SendMessageBatchRequestEntry toSqs(String id, OutgoingMessage message) {
    Map<String, MessageAttributeValue> attributes = new HashMap<>();
    message
        .attributes()
        .forEach(
            (name, attribute) ->
                attributes.put(
                    name,
                    new MessageAttributeValue()
                        .withDataType(attribute.dataType())
                        .withStringValue(attribute.text())
                        .withBinaryValue(wrapped(attribute.bytes()))));
    SendMessageBatchRequestEntry entry =
        new SendMessageBatchRequestEntry(id, message.body())
            .withMessageAttributes(attributes)
            .withMessageGroupId(message.groupId())
            .withMessageDeduplicationId(message.deduplicationId());
    return message.delaySeconds() == 0 ? entry : entry.withDelaySeconds(message.delaySeconds());
  }

  static PublishBatchRequestEntry toSns(String id, OutgoingMessage message) {
    Map<String, com.amazonaws.services.sns.model.MessageAttributeValue> attributes =
        new HashMap<>();
    message
        .attributes()
        .forEach(
            (name, attribute) ->
                attributes.put(
                    name,
                    new com.amazonaws.services.sns.model.MessageAttributeValue()
                        .withDataType(attribute.dataType())
                        .withStringValue(attribute.text())
                        .withBinaryValue(wrapped(attribute.bytes()))));
    return new PublishBatchRequestEntry()
        .withId(id)
        .withMessage(message.body())
        .withMessageAttributes(attributes)
        .withMessageGroupId(message.groupId())
        .withMessageDeduplicationId(message.deduplicationId());
  }

  static ReceivedMessage fromSqs(Message message) {
    Map<String, NativeAttribute> attributes = new TreeMap<>();
    message
        .getMessageAttributes()
        .forEach(
            (name, value) ->
                attributes.put(
                    name,
                    new NativeAttribute(
                        value.getDataType(),
                        value.getStringValue(),
                        unwrapped(value.getBinaryValue()))));
    return ReceivedMessage.of(
        message.getMessageId(),
        message.getReceiptHandle(),
        message.getBody(),
        attributes,
        message.getAttributes());
  }

  static ChangeMessageVisibilityBatchRequest hiding(String queueUrl, List<Hiding> hidings) {
    return new ChangeMessageVisibilityBatchRequest(
        queueUrl,
        BatchAnswers.entries(
            hidings,
            (id, hiding) ->
                new ChangeMessageVisibilityBatchRequestEntry(id, hiding.receiptHandle())
                    .withVisibilityTimeout(hiding.seconds())));
  }

  private static @Nullable ByteBuffer wrapped(byte @Nullable [] bytes) {
    return bytes == null ? null : ByteBuffer.wrap(bytes);
  }

  private static byte @Nullable [] unwrapped(@Nullable ByteBuffer buffer) {
    if (buffer == null) {
      return null;
    }
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }
}
