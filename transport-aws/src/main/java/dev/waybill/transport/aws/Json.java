package dev.waybill.transport.aws;

import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The JSON that this transport writes and reads; the one class that names Jackson. */
final class Json {
  /**
   * Whatever is above U+D7FF is written as {@code \\uXXXX}: what SQS refuses (U+FFFE, U+FFFF) and
   * what has no UTF-8 form (half of a surrogate pair) is there, with little else but emoji.
   */
  private static final int HIGHEST_PLAIN_CHARACTER = 0xD7FF;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              new JsonFactoryBuilder().highestNonEscapedChar(HIGHEST_PLAIN_CHARACTER).build())
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

  /** Whether a queue's policy lets SNS store messages of a topic in it. */
  static boolean policyAllows(@Nullable String policy, String topicArn) {
    for (JsonNode statement : statements(policy)) {
      if (QueuePolicy.allows(
          statement.path("Effect").asText(),
          texts(principal(statement)),
          texts(statement.path("Action")),
          sources(statement.path("Condition")),
          topicArn)) {
        return true;
      }
    }
    return false;
  }

  /**
   * The policy with one statement more, or with its statement of the same id replaced.
   *
   * @throws IllegalStateException if there is a policy that can't be read, and so not be kept
   */
  static String policyWith(@Nullable String policy, String sid, String queueArn, String topicArn) {
    ObjectNode root =
        policy == null
            ? MAPPER.createObjectNode()
            : readObject(policy)
                .orElseThrow(() -> new IllegalStateException("the queue's policy is not JSON"));
    if (!root.has("Version")) {
      root.put("Version", "2012-10-17");
    }
    ArrayNode all = MAPPER.createArrayNode();
    for (JsonNode statement : statements(policy)) {
      if (!statement.path("Sid").asText().equals(sid)) {
        all.add(statement);
      }
    }
    ObjectNode ours = all.addObject();
    ours.put("Sid", sid).put("Effect", "Allow");
    ours.putObject("Principal").put("Service", QueuePolicy.SNS);
    ours.put("Action", "sqs:SendMessage").put("Resource", queueArn);
    ours.putObject("Condition").putObject("ArnEquals").put("aws:SourceArn", topicArn);
    root.set("Statement", all);
    return text(root);
  }

  private static List<JsonNode> statements(@Nullable String policy) {
    List<JsonNode> found = new ArrayList<>();
    if (policy != null) {
      readObject(policy)
          .map(root -> root.path("Statement"))
          .ifPresent(
              node -> {
                if (node.isArray()) {
                  node.forEach(found::add);
                } else if (node.isObject()) {
                  found.add(node);
                }
              });
    }
    return found;
  }

  private static JsonNode principal(JsonNode statement) {
    JsonNode principal = statement.path("Principal");
    return principal.isObject() && principal.has("Service")
        ? principal.path("Service")
        : principal.isObject() ? principal.path("AWS") : principal;
  }

  /** The source ARNs that a condition asks for; empty if it does not ask for any. */
  private static List<String> sources(JsonNode condition) {
    List<String> found = new ArrayList<>();
    for (JsonNode operator : condition) {
      operator
          .properties()
          .forEach(
              entry -> {
                if (entry.getKey().equalsIgnoreCase("aws:SourceArn")) {
                  found.addAll(texts(entry.getValue()));
                }
              });
    }
    return found;
  }

  private static List<String> texts(JsonNode node) {
    List<String> found = new ArrayList<>();
    if (node.isArray()) {
      node.forEach(element -> found.add(element.asText()));
    } else if (node.isTextual()) {
      found.add(node.asText());
    }
    return found;
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

  private static Optional<ObjectNode> readObject(String text) {
    try {
      return MAPPER.readTree(text) instanceof ObjectNode node
          ? Optional.of(node)
          : Optional.empty();
    } catch (JsonProcessingException e) {
      // not ours: the message is foreign, the policy unusable
      return Optional.empty();
    }
  }

  private static String text(ObjectNode node) {
    try {
      return MAPPER.writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of strings can always be written", e);
    }
  }
}
