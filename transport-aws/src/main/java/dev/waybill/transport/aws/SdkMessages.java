package dev.waybill.transport.aws;

import com.amazonaws.services.sns.model.PublishRequest;
import com.amazonaws.services.sqs.model.Message;
import com.amazonaws.services.sqs.model.MessageAttributeValue;
import com.amazonaws.services.sqs.model.SendMessageRequest;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Messages between our records and those of the SDK. */
final class SdkMessages {
  private static final String RECEIVE_COUNT = "ApproximateReceiveCount";
  private static final String GROUP = "MessageGroupId";

  /** What must be asked for to be told. */
  static final List<String> SYSTEM_ATTRIBUTES = List.of(RECEIVE_COUNT, GROUP);

  private SdkMessages() {}

  static SendMessageRequest toSqs(String queueUrl, OutgoingMessage message) {
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
    SendMessageRequest request =
        new SendMessageRequest(queueUrl, message.body())
            .withMessageAttributes(attributes)
            .withMessageGroupId(message.groupId())
            .withMessageDeduplicationId(message.deduplicationId());
    return message.delaySeconds() == 0 ? request : request.withDelaySeconds(message.delaySeconds());
  }

  static PublishRequest toSns(String topicArn, OutgoingMessage message) {
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
    return new PublishRequest(topicArn, message.body())
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
    String count = message.getAttributes().get(RECEIVE_COUNT);
    return new ReceivedMessage(
        message.getMessageId(),
        message.getReceiptHandle(),
        message.getBody(),
        attributes,
        message.getAttributes().get(GROUP),
        count == null ? 1 : Integer.parseInt(count));
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
