package dev.waybill.transport.aws;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The JSON that SNS wraps a message in where a subscription has no raw delivery. */
final class SnsEnvelope {
  private SnsEnvelope() {}

  /**
   * The message as it would have come with raw delivery; as it came if it isn't wrapped. Receipt,
   * group and count are those of the wrapped one.
   */
  static ReceivedMessage unwrap(ReceivedMessage received) {
    return Json.readObject(received.body())
        .filter(
            envelope ->
                envelope.path("Type").asText().equals("Notification")
                    && envelope.path("TopicArn").isTextual()
                    && envelope.path("Message").isTextual())
        .map(envelope -> unwrapped(received, envelope))
        .orElse(received);
  }

  private static ReceivedMessage unwrapped(ReceivedMessage received, JsonNode envelope) {
    // what stands beside the envelope, such as the evidence of a dead letter, stays
    Map<String, NativeAttribute> attributes = new TreeMap<>(received.attributes());
    envelope
        .path("MessageAttributes")
        .properties()
        .forEach(
            entry -> {
              NativeAttribute attribute = attribute(entry.getValue());
              if (attribute != null) {
                attributes.putIfAbsent(entry.getKey(), attribute);
              }
            });
    return new ReceivedMessage(
        received.id(),
        received.receiptHandle(),
        envelope.path("Message").asText(),
        attributes,
        received.groupId(),
        received.receiveCount());
  }

  private static @Nullable NativeAttribute attribute(JsonNode value) {
    String type = value.path("Type").asText();
    String text = value.path("Value").asText();
    if (!type.startsWith("Binary")) {
      return new NativeAttribute(type, text, null);
    }
    try {
      return new NativeAttribute(type, null, Base64.getDecoder().decode(text));
    } catch (IllegalArgumentException e) {
      return null; // not what SNS writes
    }
  }
}
