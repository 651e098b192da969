package dev.waybill.transport.aws;

import dev.waybill.transport.aws.AwsPort.Hiding;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.sns.model.PublishBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.ChangeMessageVisibilityBatchRequest;
import software.amazon.awssdk.services.sqs.model.ChangeMessageVisibilityBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;

/** Messages between our records and those of SDK 2. */
final class Sdk2Messages {
  private Sdk2Messages() {}

  static SendMessageBatchRequestEntry toSqs(String id, OutgoingMessage message) {
    Map<String, MessageAttributeValue> attributes = new HashMap<>();
    message
        .attributes()
        .forEach(
            (name, attribute) ->
                attributes.put(
                    name,
                    MessageAttributeValue.builder()
                        .dataType(attribute.dataType())
                        .stringValue(attribute.text())
                        .binaryValue(wrapped(attribute.bytes()))
                        .build()));
    return SendMessageBatchRequestEntry.builder()
        .id(id)
        .messageBody(message.body())
        .messageAttributes(attributes)
        .messageGroupId(message.groupId())
        .messageDeduplicationId(message.deduplicationId())
        .delaySeconds(message.delaySeconds() == 0 ? null : message.delaySeconds())
        .build();
  }

  static PublishBatchRequestEntry toSns(String id, OutgoingMessage message) {
    Map<String, software.amazon.awssdk.services.sns.model.MessageAttributeValue> attributes =
        new HashMap<>();
    message
        .attributes()
        .forEach(
            (name, attribute) ->
                attributes.put(
                    name,
                    software.amazon.awssdk.services.sns.model.MessageAttributeValue.builder()
                        .dataType(attribute.dataType())
                        .stringValue(attribute.text())
                        .binaryValue(wrapped(attribute.bytes()))
                        .build()));
    return PublishBatchRequestEntry.builder()
        .id(id)
        .message(message.body())
        .messageAttributes(attributes)
        .messageGroupId(message.groupId())
        .messageDeduplicationId(message.deduplicationId())
        .build();
  }

  static ReceivedMessage fromSqs(Message message) {
    Map<String, NativeAttribute> attributes = new TreeMap<>();
    message
        .messageAttributes()
        .forEach(
            (name, value) ->
                attributes.put(
                    name,
                    new NativeAttribute(
                        value.dataType(), value.stringValue(), unwrapped(value.binaryValue()))));
    return ReceivedMessage.of(
        message.messageId(),
        message.receiptHandle(),
        message.body(),
        attributes,
        message.attributesAsStrings());
  }

  static DeleteMessageBatchRequestEntry deletion(String id, String receiptHandle) {
    return DeleteMessageBatchRequestEntry.builder().id(id).receiptHandle(receiptHandle).build();
  }

  static ChangeMessageVisibilityBatchRequest hiding(
      String queueUrl,
      List<Hiding> hidings,
      @Nullable AwsRequestOverrideConfiguration configuration) {
    return ChangeMessageVisibilityBatchRequest.builder()
        .queueUrl(queueUrl)
        .entries(
            BatchAnswers.entries(
                hidings,
                (id, hiding) ->
                    ChangeMessageVisibilityBatchRequestEntry.builder()
                        .id(id)
                        .receiptHandle(hiding.receiptHandle())
                        .visibilityTimeout(hiding.seconds())
                        .build()))
        .overrideConfiguration(configuration)
        .build();
  }

  private static @Nullable SdkBytes wrapped(byte @Nullable [] bytes) {
    return bytes == null ? null : SdkBytes.fromByteArrayUnsafe(bytes);
  }

  private static byte @Nullable [] unwrapped(@Nullable SdkBytes bytes) {
    return bytes == null ? null : bytes.asByteArray();
  }
}
