package dev.waybill.transport.aws;

import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The JSON of messages that this transport writes and reads; see {@link PolicyJson} for policies.
 */
final class Json {
  /**
   * Whatever is above U+D7FF is written as {@code \\uXXXX}: what SQS refuses (U+FFFE, U+FFFF) and
   * what has no UTF-8 form (half of a surrogate pair) is there, with little else but emoji.
   */
  private static final int HIGHEST_PLAIN_CHARACTER = 0xD7FF;

  /** Numbers stay what they are, digit by digit. */
  static final JsonMapper MAPPER =
      JsonMapper.builder(
              new JsonFactoryBuilder().highestNonEscapedChar(HIGHEST_PLAIN_CHARACTER).build())
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private static final int TYPICAL_LENGTH = 512;

  private Json() {}

  /**
   * What a message carries beside its body.
   *
   * @param key the ordering key
   * @param contentType the body's media type
   * @param attributes CloudEvents context attributes
   * @param headers the other headers
   */
  record Metadata(
      @Nullable String key,
      @Nullable String contentType,
      Map<String, String> attributes,
      Map<String, String> headers) {}

  static String write(Metadata metadata) {
    return written(
        json -> {
          json.writeStartObject();
          if (metadata.key() != null) {
            json.writeStringField("key", metadata.key());
          }
          if (metadata.contentType() != null) {
            json.writeStringField("contentType", metadata.contentType());
          }
          json.writeFieldName("attributes");
          write(metadata.attributes(), json);
          json.writeFieldName("headers");
          write(metadata.headers(), json);
          json.writeEndObject();
        });
  }

  static String write(Map<String, String> map) {
    return written(json -> write(map, json));
  }

  private static void write(Map<String, String> map, JsonGenerator json) throws IOException {
    json.writeStartObject();
    for (Map.Entry<String, String> entry : map.entrySet()) {
      json.writeStringField(entry.getKey(), entry.getValue());
    }
    json.writeEndObject();
  }

  private interface Content {
    void writeTo(JsonGenerator json) throws IOException;
  }

  private static String written(Content content) {
    StringWriter text = new StringWriter(TYPICAL_LENGTH);
    try (JsonGenerator json = MAPPER.createGenerator(text)) {
      content.writeTo(json);
    } catch (IOException e) {
      throw new IllegalStateException("strings can always be written", e);
    }
    return text.toString();
  }

  /** What {@link #write(Metadata)} wrote; empty if it is anything else. */
  static Optional<Metadata> readMetadata(String text) {
    try (JsonParser json = MAPPER.createParser(text)) {
      return json.nextToken() == JsonToken.START_OBJECT
          ? Optional.of(metadata(json))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty(); // not ours: the message is foreign
    }
  }

  /** Without a tree of it, as each message has one. */
  private static Metadata metadata(JsonParser json) throws IOException {
    String key = null;
    String contentType = null;
    Map<String, String> attributes = new LinkedHashMap<>();
    Map<String, String> headers = new LinkedHashMap<>();
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      json.nextToken();
      switch (name) {
        case "key" -> key = json.getValueAsString();
        case "contentType" -> contentType = json.getValueAsString();
        case "attributes" -> readStrings(json, attributes);
        case "headers" -> readStrings(json, headers);
        default -> json.skipChildren();
      }
      json.skipChildren(); // of what should have been a text
    }
    return new Metadata(key, contentType, attributes, headers);
  }

  private static void readStrings(JsonParser json, Map<String, String> into) throws IOException {
    if (json.currentToken() == JsonToken.START_OBJECT) {
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        json.nextToken();
        into.put(name, json.getValueAsString(""));
        json.skipChildren();
      }
    }
  }

  /** The strings of an object; none if the text is anything else. */
  static Map<String, String> readMap(String text) {
    return readObject(text).map(node -> strings(node)).orElse(Map.of());
  }

  private static Map<String, String> strings(@Nullable JsonNode node) {
    Map<String, String> map = new LinkedHashMap<>();
    if (node != null) {
      node.properties().forEach(entry -> map.put(entry.getKey(), entry.getValue().asText()));
    }
    return map;
  }

  static Optional<ObjectNode> readObject(String text) {
    try {
      return MAPPER.readTree(text) instanceof ObjectNode node
          ? Optional.of(node)
          : Optional.empty();
    } catch (JsonProcessingException e) {
      // not ours: the message is foreign, the policy unusable
      return Optional.empty();
    }
  }

  static String text(JsonNode node) {
    try {
      return MAPPER.writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree can always be written", e);
    }
  }

  /** The elements of an array as texts, or the one value that stands for it. */
  static List<String> texts(JsonNode node) {
    List<String> found = new ArrayList<>();
    if (node.isArray()) {
      node.forEach(element -> found.add(element.asText()));
    } else if (node.isValueNode() && !node.isNull()) {
      found.add(node.asText());
    }
    return found;
  }
}
