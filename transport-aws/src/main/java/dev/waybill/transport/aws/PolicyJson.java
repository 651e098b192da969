package dev.waybill.transport.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The policies of AWS as JSON: of queues, of subscriptions, of redrive. */
final class PolicyJson {
  private static final String ANYTHING_BUT = "anything-but";
  private static final String EXISTS = "exists";

  private PolicyJson() {}

  /** Whether a queue's policy lets SNS store messages of a topic in it. */
  static boolean queueAllows(@Nullable String policy, String topicArn) {
    for (JsonNode statement : statements(policy)) {
      if (QueuePolicy.allows(
          statement.path("Effect").asText(),
          texts(principal(statement)),
          texts(statement.path("Action")),
          conditions(statement.path("Condition")),
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
  static String queuePolicyWith(
      @Nullable String policy, String sid, String queueArn, String topicArn) {
    ObjectNode root =
        policy == null
            ? Json.MAPPER.createObjectNode()
            : Json.readObject(policy)
                .orElseThrow(() -> new IllegalStateException("the queue's policy is not JSON"));
    if (!root.has("Version")) {
      root.put("Version", "2012-10-17");
    }
    ArrayNode all = Json.MAPPER.createArrayNode();
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
    return Json.text(root);
  }

  private static List<JsonNode> statements(@Nullable String policy) {
    List<JsonNode> found = new ArrayList<>();
    if (policy != null) {
      Json.readObject(policy)
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

  private static List<QueuePolicy.Condition> conditions(JsonNode node) {
    List<QueuePolicy.Condition> found = new ArrayList<>();
    for (Map.Entry<String, JsonNode> operator : node.properties()) {
      for (Map.Entry<String, JsonNode> key : operator.getValue().properties()) {
        found.add(
            new QueuePolicy.Condition(operator.getKey(), key.getKey(), texts(key.getValue())));
      }
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

  /**
   * What a statement of an IAM policy allows.
   *
   * @param sid letters and digits
   */
  record Allowed(String sid, List<String> actions, List<String> resources) {}

  static String iam(List<Allowed> allowed) {
    ObjectNode root = Json.MAPPER.createObjectNode();
    root.put("Version", "2012-10-17");
    ArrayNode statements = root.putArray("Statement");
    for (Allowed one : allowed) {
      ObjectNode statement = statements.addObject();
      statement.put("Sid", one.sid()).put("Effect", "Allow");
      one.actions().forEach(statement.putArray("Action")::add);
      one.resources().forEach(statement.putArray("Resource")::add);
    }
    return root.toPrettyString();
  }

  /** A filter that lets pass what lacks the attribute, or has none of the values in it. */
  static String filter(String attribute, Collection<String> excluded) {
    ObjectNode root = Json.MAPPER.createObjectNode();
    ArrayNode alternatives = root.putArray(attribute);
    ArrayNode values = alternatives.addObject().putArray(ANYTHING_BUT);
    excluded.forEach(values::add);
    alternatives.addObject().put(EXISTS, false);
    return Json.text(root);
  }

  /** What a filter of the form of {@link #filter} excludes; empty if it is any other. */
  static Optional<Set<String>> excludedBy(String filter, String attribute) {
    Optional<ObjectNode> root = Json.readObject(filter);
    if (root.isEmpty() || root.get().size() != 1) {
      return Optional.empty();
    }
    JsonNode alternatives = root.get().path(attribute);
    Set<String> excluded = new LinkedHashSet<>();
    boolean absent = false;
    for (JsonNode alternative : alternatives) {
      if (alternative.size() == 1 && alternative.has(ANYTHING_BUT)) {
        if (!isText(alternative.path(ANYTHING_BUT))) {
          return Optional.empty();
        }
        excluded.addAll(texts(alternative.path(ANYTHING_BUT)));
      } else if (alternative.size() == 1 && alternative.path(EXISTS).isBoolean()) {
        absent = absent || !alternative.path(EXISTS).asBoolean();
      } else {
        return Optional.empty();
      }
    }
    return absent && alternatives.size() == 2 ? Optional.of(excluded) : Optional.empty();
  }

  /** Whether it is a text or texts; not a prefix, a suffix or a number. */
  private static boolean isText(JsonNode node) {
    if (!node.isArray()) {
      return node.isTextual();
    }
    for (JsonNode element : node) {
      if (!element.isTextual()) {
        return false;
      }
    }
    return true;
  }

  static boolean isEmptyObject(String text) {
    return Json.readObject(text).map(JsonNode::isEmpty).orElse(false);
  }

  /** The {@code maxReceiveCount} of a redrive policy, which may be a number or a text. */
  static OptionalInt maxReceiveCount(String policy) {
    return Json.readObject(policy)
        .map(root -> OptionalInt.of(root.path("maxReceiveCount").asInt(0)))
        .orElse(OptionalInt.empty());
  }
}
