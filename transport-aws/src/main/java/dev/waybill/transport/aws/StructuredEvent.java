package dev.waybill.transport.aws;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A CloudEvent in structured mode, taken apart: its context attributes, and its data as a body.
 *
 * @param attributes all but the content type
 * @param contentType of the data; JSON where the event does not say
 * @param data the bytes
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
record StructuredEvent(Map<String, String> attributes, String contentType, byte[] data) {
  private static final String MEDIA_TYPE = "application/cloudevents+json";
  private static final String JSON = "application/json";

  /** The event in a body of that content type; null if it is anything else. */
  static @Nullable StructuredEvent read(@Nullable String contentType, byte[] body) {
    if (contentType == null || !isStructured(contentType)) {
      return null;
    }
    return Json.readObject(new String(body, StandardCharsets.UTF_8))
        .filter(event -> event.path("specversion").isTextual())
        .map(StructuredEvent::of)
        .orElse(null);
  }

  private static boolean isStructured(String contentType) {
    String lower = contentType.toLowerCase(Locale.ROOT).strip();
    return lower.equals(MEDIA_TYPE) || lower.startsWith(MEDIA_TYPE + ";");
  }

  private static @Nullable StructuredEvent of(JsonNode event) {
    Map<String, String> attributes = new LinkedHashMap<>();
    event
        .properties()
        .forEach(
            property -> {
              if (property.getValue().isValueNode() && !property.getValue().isNull()) {
                attributes.put(property.getKey(), property.getValue().asText());
              }
            });
    attributes.remove("data");
    attributes.remove("data_base64");
    String contentType = attributes.remove("datacontenttype");
    byte[] data = data(event, contentType == null || isJson(contentType));
    return data == null
        ? null
        : new StructuredEvent(attributes, contentType == null ? JSON : contentType, data);
  }

  /** Null if it claims to be Base64 and isn't. */
  private static byte @Nullable [] data(JsonNode event, boolean json) {
    JsonNode encoded = event.get("data_base64");
    if (encoded != null) {
      try {
        return Base64.getDecoder().decode(encoded.asText());
      } catch (IllegalArgumentException e) {
        return null;
      }
    }
    JsonNode data = event.get("data");
    if (data == null) {
      return new byte[0];
    }
    // a text in an event of another type than JSON is the body itself
    String text = data.isTextual() && !json ? data.asText() : Json.text(data);
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static boolean isJson(String contentType) {
    String type = contentType.toLowerCase(Locale.ROOT).split(";", 2)[0].strip();
    return type.equals(JSON) || type.endsWith("+json") || type.endsWith("/json");
  }
}
