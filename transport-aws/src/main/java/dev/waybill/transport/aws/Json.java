package dev.waybill.transport.aws;

import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
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
    ObjectNode node = MAPPER.createObjectNode();
    if (metadata.key() != null) {
      node.put("key", metadata.key());
    }
    if (metadata.contentType() != null) {
      node.put("contentType", metadata.contentType());
    }
    node.set("attributes", object(metadata.attributes()));
    node.set("headers", object(metadata.headers()));
    return text(node);
  }

  static String write(Map<String, String> map) {
    return text(object(map));
  }

  /** What {@link #write(Metadata)} wrote; empty if it is anything else. */
  static Optional<Metadata> readMetadata(String text) {
    Optional<ObjectNode> read = readObject(text);
    if (read.isEmpty()) {
      return Optional.empty();
    }
    ObjectNode node = read.get();
    return Optional.of(
        new Metadata(
            stringOrNull(node.get("key")),
            stringOrNull(node.get("contentType")),
            strings(node.get("attributes")),
            strings(node.get("headers"))));
  }

  /** The strings of an object; none if the text is anything else. */
  static Map<String, String> readMap(String text) {
    return readObject(text).map(node -> strings(node)).orElse(Map.of());
  }

  private static ObjectNode object(Map<String, String> map) {
    ObjectNode node = MAPPER.createObjectNode();
    map.forEach(node::put);
    return node;
  }

  private static Map<String, String> strings(@Nullable JsonNode node) {
    Map<String, String> map = new LinkedHashMap<>();
    if (node != null) {
      node.properties().forEach(entry -> map.put(entry.getKey(), entry.getValue().asText()));
    }
    return map;
  }

  private static @Nullable String stringOrNull(@Nullable JsonNode node) {
    return node == null || node.isNull() ? null : node.asText();
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
}
