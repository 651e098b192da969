package dev.waybill.transport.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What AWS refuses and the emulator does not: to hide a message for longer than twelve hours from
 * its receipt on in all (ChangeMessageVisibility, AWS's API reference).
 */
final class LongestLease {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration LIMIT = Duration.ofHours(12);

  private final LongSupplier nanoTime;
  private final Map<String, Long> received = new ConcurrentHashMap<>();

  LongestLease(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** Notes when messages were received. */
  void answered(String operation, byte[] response) throws IOException {
    if (operation.equals("ReceiveMessage")) {
      for (JsonNode message : JSON.readTree(response).path("Messages")) {
        received.put(message.path("ReceiptHandle").asText(), nanoTime.getAsLong());
      }
    }
  }

  /** The answer to a call with an entry that goes beyond the limit; null if there is none. */
  byte @Nullable [] refusal(String operation, byte[] request) throws IOException {
    if (!operation.equals("ChangeMessageVisibilityBatch")) {
      return null;
    }
    ObjectNode answer = JSON.createObjectNode();
    answer.putArray("Successful");
    ArrayNode failed = answer.putArray("Failed");
    for (JsonNode entry : JSON.readTree(request).path("Entries")) {
      if (isTooLong(entry)) {
        failed
            .addObject()
            .put("Id", entry.path("Id").asText())
            .put("Code", "InvalidParameterValue")
            .put("SenderFault", true)
            .put("Message", "Total VisibilityTimeout for the message is beyond the limit");
      }
    }
    return failed.isEmpty() ? null : JSON.writeValueAsBytes(answer);
  }

  private boolean isTooLong(JsonNode entry) {
    Long since = received.get(entry.path("ReceiptHandle").asText());
    long open = since == null ? 0 : nanoTime.getAsLong() - since;
    Duration wanted = Duration.ofSeconds(entry.path("VisibilityTimeout").asLong());
    return wanted.plusNanos(open).compareTo(LIMIT) > 0;
  }
}
